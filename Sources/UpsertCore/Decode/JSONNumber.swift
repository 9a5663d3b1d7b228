/// A number of the JSON grammar (RFC 8259 §6) split into digits and power, not yet rounded to any format.
struct JSONNumber {
    /// The digits as an integer; meaningless when there are more than 19 of them.
    var decimal: UInt64
    /// Digits counted against 19: all but a lone leading zero.
    var digits: Int
    /// The value is `decimal × 10^power`.
    var power: Int
    var negative: Bool
    /// Whether it has neither fraction nor exponent.
    var integral: Bool
    /// Offset of the byte behind the number, or of the byte that breaks the grammar.
    var end: Int
    var failed: Bool

    /// Reads the number at `start` and stops at the first byte that cannot belong to it.
    ///
    /// What may follow is the caller's business: `01` ends behind the zero, and the digit after it is then no separator.
    /// Reads up to 16 bytes past the number, so the same 64 spare bytes are needed as for ``FloatRun``.
    @inline(__always)
    static func scan(_ base: UnsafeRawPointer, _ start: Int, _ constants: UnsafePointer<UInt64>) -> JSONNumber {
        let negative = unsafe base.load(fromByteOffset: start, as: UInt8.self) == UInt8(ascii: "-")
        var at = start &+ (negative ? 1 : 0)
        let first = unsafe base.load(fromByteOffset: at, as: UInt8.self) &- 0x30
        if first > 9 { return fail(at) }
        var decimal = UInt64(first)
        var digits = first == 0 ? 0 : 1
        at &+= 1
        if first != 0 {
            while true {
                let digit = unsafe base.load(fromByteOffset: at, as: UInt8.self) &- 0x30
                if digit > 9 { break }
                decimal = decimal &* 10 &+ UInt64(digit)
                digits &+= 1
                at &+= 1
            }
        }
        var power = 0
        var integral = true
        if unsafe base.load(fromByteOffset: at, as: UInt8.self) == UInt8(ascii: ".") {
            integral = false
            let fraction = at &+ 1
            at = fraction
            var values = unsafe DigitRun.values(load(base, at))
            var marks = DigitRun.marks(values)
            while marks == 0 {
                decimal = decimal &* 100_000_000 &+ DigitRun.number(values)
                at &+= 8
                values = unsafe DigitRun.values(load(base, at))
                marks = DigitRun.marks(values)
            }
            let rest = UInt64(truncatingIfNeeded: marks.trailingZeroBitCount) >> 3
            decimal = unsafe decimal &* constants[DecimalFloat.tensOffset &+ Int(truncatingIfNeeded: rest)]
                &+ DigitRun.number(values, first: rest)
            at &+= Int(truncatingIfNeeded: rest)
            if at == fraction { return fail(at) }
            power = fraction &- at
            digits &-= power
        }
        if unsafe base.load(fromByteOffset: at, as: UInt8.self) | 0x20 == UInt8(ascii: "e") {
            integral = false
            let begin = at &+ 1
            at = begin
            let sign = unsafe base.load(fromByteOffset: at, as: UInt8.self)
            if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { at &+= 1 }
            if unsafe base.load(fromByteOffset: at, as: UInt8.self) &- 0x30 > 9 { return fail(at) }
            while unsafe base.load(fromByteOffset: at, as: UInt8.self) &- 0x30 <= 9 { at &+= 1 }
            power &+= unsafe exponent(UnsafeRawBufferPointer(start: base + begin, count: at &- begin))
        }
        return JSONNumber(
            decimal: decimal, digits: digits, power: power, negative: negative, integral: integral, end: at,
            failed: false)
    }

    /// The value of an exponent such as `-05`, held within ±2^40, far beyond any format and any line's length.
    static func exponent(_ text: UnsafeRawBufferPointer) -> Int {
        var magnitude = 0
        var negative = false
        for index in text.indices {
            let byte = unsafe text[index]
            if byte == UInt8(ascii: "-") {
                negative = true
            } else if byte != UInt8(ascii: "+") && magnitude < 1 << 40 {
                magnitude = magnitude &* 10 &+ Int(byte & 15)
            }
        }
        return negative ? -magnitude : magnitude
    }

    @inline(__always)
    private static func fail(_ at: Int) -> JSONNumber {
        JSONNumber(decimal: 0, digits: 0, power: 0, negative: false, integral: false, end: at, failed: true)
    }

    @inline(__always)
    private static func load(_ base: UnsafeRawPointer, _ at: Int) -> UInt64 {
        unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: at, as: UInt64.self))
    }
}
