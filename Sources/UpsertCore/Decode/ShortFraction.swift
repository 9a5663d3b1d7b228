/// Numbers with few digits: one digit, a point, one to seven digits, as producers write that round.
///
/// Digits and power of ten are both exact in binary32, so one division rounds once and correctly (W. D. Clinger, "How to read
/// floating point numbers accurately", 1990).
enum ShortFraction {
    /// Reads the number whose first digit is at `first`; nil when it must be read in another way.
    @inline(__always)
    static func read(_ first: UnsafeRawPointer, _ constants: UnsafePointer<UInt64>) -> LongFraction.Found? {
        let digit = unsafe first.load(as: UInt8.self) &- 0x30
        let point = unsafe first.load(fromByteOffset: 1, as: UInt8.self)
        let word = unsafe UInt64(littleEndian: first.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
        let values = DigitRun.values(of: word)
        let bit = UInt64(truncatingIfNeeded: DigitRun.marks(values).trailingZeroBitCount)
        // 0x38 for seven digits, 0 for none; more than seven have no mark here.
        let bits = bit & 0x38
        let behind = word &>> bits
        if digit > 9 || point != UInt8(ascii: ".") || bits == 0 || bit > 63 { return nil }
        if UInt8(truncatingIfNeeded: behind) | 0x20 == UInt8(ascii: "e") { return nil }
        let count = Int(truncatingIfNeeded: bits &>> 3)
        let power = unsafe constants[DecimalFloat.tensOffset &+ count]
        let decimal = UInt64(digit) &* power &+ DigitRun.number(values, before: bit)
        if decimal > 1 << 24 { return nil }
        let value = Float(Int64(bitPattern: decimal)) / Float(Int64(bitPattern: power))
        return unsafe LongFraction.Found(magnitude: value.bitPattern, end: first + 2 + count, behind: behind)
    }
}
