/// A number of the JSON grammar (RFC 8259 §6) split into digits and power, not yet rounded to any format.
@safe struct JSONNumber {
    /// The digits as an integer; meaningless when there are more than 19 of them.
    var decimal: UInt64
    /// Digits counted against 19: all but a lone leading zero.
    var digits: Int
    /// The value is `decimal × 10^power`.
    var power: Int
    /// 1 behind a minus sign, else 0.
    var sign: Int
    /// Whether it has neither fraction nor exponent.
    var integral: Bool
    /// The byte behind the number, or the byte that breaks the grammar.
    var end: UnsafeRawPointer
    var failed = false

    var negative: Bool { sign != 0 }

    /// Reads the number at `start` and stops at the first byte that cannot belong to it.
    ///
    /// What may follow is the caller's business. Reads up to 16 bytes past the number, so the same 64 spare bytes are
    /// needed as for ``FloatRun``. The order of the tests is the order of what real vectors hold: one digit, a point,
    /// sixteen digits and a few more.
    @inline(__always)
    static func scan(_ start: UnsafeRawPointer, _ constants: UnsafePointer<UInt64>) -> JSONNumber {
        let sign = unsafe start.load(as: UInt8.self) == UInt8(ascii: "-") ? 1 : 0
        var at = unsafe start + sign
        let first = unsafe at.load(as: UInt8.self) &- 0x30
        if first > 9 { return unsafe fail(at) }
        var decimal = UInt64(first)
        var digits = first == 0 ? 0 : 1
        var power = 0
        var integral = true
        unsafe at += 1
        var byte = unsafe at.load(as: UInt8.self)
        if byte != UInt8(ascii: ".") && byte &- 0x30 <= 9 {
            if first == 0 { return unsafe fail(at) }
            unsafe scanWhole(&at, &decimal, &digits)
            byte = unsafe at.load(as: UInt8.self)
        }
        if byte == UInt8(ascii: ".") {
            integral = false
            unsafe at += 1
            let fraction = unsafe at
            var values = unsafe DigitRun.values(at)
            var marks = DigitRun.marks(values)
            if marks == 0 {
                unsafe scanEight(&at, &decimal, &values, &marks)
                if marks == 0 {
                    unsafe scanEight(&at, &decimal, &values, &marks)
                    while marks == 0 { unsafe scanEight(&at, &decimal, &values, &marks) }
                }
            }
            let bit = UInt64(truncatingIfNeeded: marks.trailingZeroBitCount)  // 7 in the first byte, 15 in the second…
            let rest = Int(truncatingIfNeeded: bit >> 3)
            decimal =
                unsafe decimal &* constants[DecimalFloat.tensOffset &+ rest] &+ DigitRun.number(values, before: bit)
            unsafe at += rest
            power = unsafe fraction - at
            if power == 0 { return unsafe fail(at) }
            digits &-= power
            byte = unsafe at.load(as: UInt8.self)
        }
        if byte | 0x20 == UInt8(ascii: "e") {
            integral = false
            let exponent = unsafe scanExponent(at)
            unsafe at += exponent.count
            if exponent.failed { return unsafe fail(at) }
            power &+= exponent.value
        }
        return unsafe JSONNumber(
            decimal: decimal, digits: digits, power: power, sign: sign, integral: integral, end: at)
    }

    /// The bits of the nearest float, without the sign.
    ///
    /// - Parameter start: Where the number was scanned.
    @inline(__always)
    func magnitude(_ start: UnsafeRawPointer, _ constants: UnsafePointer<UInt64>) -> UInt32 {
        if digits <= 19 { return unsafe DecimalFloat.bits(decimal, power: power, constants) }
        return unsafe DecimalFloat.bits(
            long: UnsafeRawBufferPointer(start: start + sign, count: end - start - sign), digits: digits,
            product: decimal, power: power)
    }

    /// Reads the digits before the point, the second and on.
    @inline(__always)
    private static func scanWhole(_ at: inout UnsafeRawPointer, _ decimal: inout UInt64, _ digits: inout Int) {
        while true {
            let digit = unsafe at.load(as: UInt8.self) &- 0x30
            if digit > 9 { return }
            decimal = decimal &* 10 &+ UInt64(digit)
            digits &+= 1
            unsafe at += 1
        }
    }

    /// Takes eight digits of the fraction and looks at the next eight bytes.
    @inline(__always)
    private static func scanEight(
        _ at: inout UnsafeRawPointer, _ decimal: inout UInt64, _ values: inout UInt64, _ marks: inout UInt64
    ) {
        decimal = decimal &* 100_000_000 &+ DigitRun.number(values)
        unsafe at += 8
        values = unsafe DigitRun.values(at)
        marks = DigitRun.marks(values)
    }

    /// Reads an exponent from its letter on: its value and how many bytes it takes. Out of line, so that it takes no registers from the numbers without one.
    @inline(never)
    private static func scanExponent(_ letter: UnsafeRawPointer) -> (value: Int, count: Int, failed: Bool) {
        let begin = unsafe letter + 1
        var at = unsafe begin
        let sign = unsafe at.load(as: UInt8.self)
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { unsafe at += 1 }
        if unsafe at.load(as: UInt8.self) &- 0x30 > 9 { return unsafe (0, at - letter, true) }
        while unsafe at.load(as: UInt8.self) &- 0x30 <= 9 { unsafe at += 1 }
        return unsafe (exponent(UnsafeRawBufferPointer(start: begin, count: at - begin)), at - letter, false)
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
    private static func fail(_ at: UnsafeRawPointer) -> JSONNumber {
        unsafe JSONNumber(decimal: 0, digits: 0, power: 0, sign: 0, integral: false, end: at, failed: true)
    }
}
