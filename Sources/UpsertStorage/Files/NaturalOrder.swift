extension PathBytes {
    /// Orders names as people number them: runs of ASCII digits compare as numbers, everything else byte by byte.
    ///
    /// `part-9` comes before `part-10`. Names that differ only in leading zeros are ordered by their bytes, so that two
    /// different names are never equal.
    package static func naturallyPrecedes(_ left: PathBytes, _ right: PathBytes) -> Bool {
        let a = left.bytes
        let b = right.bytes
        var i = 0
        var j = 0
        while i < a.count, j < b.count {
            if isDigit(a[i]), isDigit(b[j]) {
                let (aDigits, aEnd) = digitRun(a, from: i)
                let (bDigits, bEnd) = digitRun(b, from: j)
                if aDigits.count != bDigits.count { return aDigits.count < bDigits.count }
                if aDigits != bDigits { return aDigits.lexicographicallyPrecedes(bDigits) }
                i = aEnd
                j = bEnd
            } else {
                if a[i] != b[j] { return a[i] < b[j] }
                i += 1
                j += 1
            }
        }
        if i < a.count || j < b.count { return i == a.count }
        return a.lexicographicallyPrecedes(b)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// The significant digits of the run at `start`, and where the run ends.
    private static func digitRun(_ bytes: [UInt8], from start: Int) -> (ArraySlice<UInt8>, Int) {
        var first = start
        while first < bytes.count, bytes[first] == UInt8(ascii: "0") { first += 1 }
        var end = first
        while end < bytes.count, isDigit(bytes[end]) { end += 1 }
        return (bytes[first..<end], end)
    }
}
