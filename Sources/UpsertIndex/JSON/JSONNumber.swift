internal import Glibc

/// Reads one JSON number, rounded correctly to a double.
struct JSONNumber {
    let bytes: [UInt8]
    private(set) var position: Int

    /// Powers of ten that a double holds exactly.
    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    init(bytes: [UInt8], position: Int) {
        self.bytes = bytes
        self.position = position
    }

    /// The number at ``position``, which moves behind it; nil, and no move, if none is there.
    mutating func scan() -> Double? {
        var cursor = position
        let isNegative = peek(cursor) == UInt8(ascii: "-")
        if isNegative { cursor += 1 }
        var significand: UInt64 = 0
        var digits = 0
        var exponent = 0

        let whole = cursor
        cursor = readDigits(cursor, &significand, &digits)
        guard cursor > whole, cursor == whole + 1 || bytes[whole] != UInt8(ascii: "0") else { return nil }
        if peek(cursor) == UInt8(ascii: ".") {
            let fraction = cursor + 1
            cursor = readDigits(fraction, &significand, &digits)
            guard cursor > fraction else { return nil }
            exponent -= cursor - fraction
        }
        if let mark = peek(cursor), mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
            guard let (value, end) = readExponent(cursor + 1) else { return nil }
            exponent += value
            cursor = end
        }
        defer { position = cursor }
        // Clinger: a significand and a power of ten that are both exact give a correctly rounded result.
        if digits <= 19, significand <= 1 << 53, abs(exponent) < Self.powers.count {
            let exact = Double(significand)
            let value = exponent < 0 ? exact / Self.powers[-exponent] : exact * Self.powers[exponent]
            return isNegative ? -value : value
        }
        return parseSlowly(position..<cursor)
    }

    private func peek(_ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private func readDigits(_ start: Int, _ significand: inout UInt64, _ digits: inout Int) -> Int {
        var cursor = start
        while cursor < bytes.count {
            let digit = bytes[cursor] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            significand = significand &* 10 &+ UInt64(digit)
            if significand > 0 { digits += 1 }  // leading zeros do not count; beyond 19 the value is not used
            cursor += 1
        }
        return cursor
    }

    private func readExponent(_ start: Int) -> (value: Int, end: Int)? {
        var cursor = start
        let sign = peek(cursor)
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { cursor += 1 }
        let first = cursor
        var value = 0
        while let byte = peek(cursor), byte &- UInt8(ascii: "0") < 10 {
            value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 100_000)
            cursor += 1
        }
        guard cursor > first else { return nil }
        return (sign == UInt8(ascii: "-") ? -value : value, cursor)
    }

    private func parseSlowly(_ range: Range<Int>) -> Double {
        var text = bytes[range].map { CChar(bitPattern: $0) }
        text.append(0)
        return unsafe strtod(text, nil)
    }
}
