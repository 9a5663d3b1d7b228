/// The JSON Canonicalization Scheme (RFC 8785), from which the id of a text record without one is derived.
enum CanonicalJSON {
    /// Appends the fields as one canonical object: keys sorted by UTF-16 code units, numbers as ECMAScript prints them,
    /// strings with minimal escapes.
    ///
    /// - Precondition: No key occurs twice.
    static func append(_ fields: FieldTable, to bytes: inout [UInt8]) {
        let ordered = fields.entries.sorted { isLess(fields.keys[$0.key], fields.keys[$1.key]) }
        bytes.append(UInt8(ascii: "{"))
        for (position, entry) in ordered.enumerated() {
            if position > 0 { bytes.append(UInt8(ascii: ",")) }
            guard let number = entry.number else {
                bytes.append(contentsOf: fields.json[entry.json])
                continue
            }
            StringEscapes.appendString(fields.keys[entry.key], to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            append(number, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Whether one UTF-8 key comes before another in the order of UTF-16 code units.
    ///
    /// The orders differ only where a character above U+FFFF meets one in U+E000…U+FFFF: in UTF-16 the former begins with
    /// a surrogate, which is smaller.
    static func isLess(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        for (a, b) in zip(left, right) where a != b {
            // Lead bytes 0xee and 0xef begin U+E000…U+FFFF, 0xf0 and above what takes surrogates.
            if a >= 0xee && b >= 0xee && (a >= 0xf0) != (b >= 0xf0) { return a >= 0xf0 }
            return a < b
        }
        return left.count < right.count
    }

    /// Appends a finite double as ECMAScript's `Number::toString` does (ECMA-262 §6.1.6.1.20).
    static func append(_ value: Double, to bytes: inout [UInt8]) {
        if value == 0 {
            bytes.append(UInt8(ascii: "0"))
            return
        }
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let (digits, point) = shortest(value.magnitude)
        if digits.count <= point && point <= 21 {
            bytes.append(contentsOf: digits)
            bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: point - digits.count))
        } else if 0 < point && point <= 21 {
            bytes.append(contentsOf: digits[..<point])
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: digits[point...])
        } else if -6 < point && point <= 0 {
            bytes.append(contentsOf: "0.".utf8)
            bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -point))
            bytes.append(contentsOf: digits)
        } else {
            bytes.append(digits[0])
            if digits.count > 1 {
                bytes.append(UInt8(ascii: "."))
                bytes.append(contentsOf: digits[1...])
            }
            bytes.append(contentsOf: point > 0 ? "e+".utf8 : "e-".utf8)
            DecimalText.append(UInt64((point - 1).magnitude), to: &bytes)
        }
    }

    /// The shortest digits that give the value back, without zeros at either end, and where the decimal point stands
    /// relative to the first one: the value is `0.DIGITS × 10^point`.
    private static func shortest(_ value: Double) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point = 0
        var sawPoint = false
        var text = Array(value.description.utf8)[...]
        if let mark = text.firstIndex(of: UInt8(ascii: "e")) {
            point = Int(String(decoding: text[(mark + 1)...], as: UTF8.self)) ?? 0
            text = text[..<mark]
        }
        for byte in text {
            if byte == UInt8(ascii: ".") {
                sawPoint = true
                continue
            }
            if digits.isEmpty && byte == UInt8(ascii: "0") {
                if sawPoint { point -= 1 }
                continue
            }
            digits.append(byte)
            if !sawPoint { point += 1 }
        }
        while digits.last == UInt8(ascii: "0") { digits.removeLast() }
        return (digits, point)
    }
}
