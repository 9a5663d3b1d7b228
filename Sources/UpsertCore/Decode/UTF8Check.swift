/// Finds the first ill-formed UTF-8 sequence (RFC 3629; Unicode Standard, table 3-7).
enum UTF8Check {
    /// Offset of the first byte that begins no well-formed sequence; nil when all are well-formed.
    static func firstInvalid(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var at = 0
        let count = bytes.count
        while at < count {
            if at &+ 8 <= count,
                unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
            {
                at &+= 8
                continue
            }
            let length = unsafe sequenceLength(bytes, at)
            if length == 0 { return at }
            at &+= length
        }
        return nil
    }

    /// Bytes of the well-formed sequence at `at`; 0 when there is none.
    @inline(__always)
    private static func sequenceLength(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int {
        let lead = unsafe bytes[at]
        if lead < 0x80 { return 1 }
        let left = bytes.count &- at
        if lead < 0xe0 {
            return unsafe lead >= 0xc2 && left >= 2 && isTail(bytes[at &+ 1]) ? 2 : 0
        }
        if lead < 0xf0 {
            guard left >= 3 else { return 0 }
            let second = unsafe bytes[at &+ 1]
            guard unsafe isTail(second) && isTail(bytes[at &+ 2]) else { return 0 }
            if lead == 0xe0 && second < 0xa0 { return 0 }
            if lead == 0xed && second > 0x9f { return 0 }
            return 3
        }
        guard lead <= 0xf4 && left >= 4 else { return 0 }
        let second = unsafe bytes[at &+ 1]
        guard unsafe isTail(second) && isTail(bytes[at &+ 2]) && isTail(bytes[at &+ 3]) else { return 0 }
        if lead == 0xf0 && second < 0x90 { return 0 }
        if lead == 0xf4 && second > 0x8f { return 0 }
        return 4
    }

    @inline(__always)
    private static func isTail(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
}
