/// Numbers with few digits: one digit, a point, one to seven digits, as producers write that round.
///
/// Digits and power of ten are both exact in binary32, so one division rounds once and correctly (W. D. Clinger, "How to read
/// floating point numbers accurately", 1990).
enum ShortFraction {
    /// Digits behind the point of the number whose first digit is at `first`: 0…8, the last for more than seven.
    @inline(__always)
    static func places(_ first: UnsafeRawPointer) -> Int {
        unsafe DigitRun.marks(DigitRun.values(first + 2)).trailingZeroBitCount &>> 3
    }

    /// Reads the number whose first digit is at `first`; nil when it must be read in another way.
    ///
    /// - Parameter places: Digits behind the point, 1…7. They are a guess: where it is right, the next number's place hangs on
    ///   a foretold branch, not on data, and that chain is what bounds reading.
    @inline(__always)
    static func read(
        _ first: UnsafeRawPointer, places: Int, _ constants: UnsafePointer<UInt64>
    ) -> LongFraction.Found? {
        let digit = unsafe first.load(as: UInt8.self) &- 0x30
        let point = unsafe first.load(fromByteOffset: 1, as: UInt8.self)
        let word = unsafe UInt64(littleEndian: first.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
        let values = DigitRun.values(of: word)
        let count = DigitRun.marks(values).trailingZeroBitCount &>> 3
        if count != places || digit > 9 || point != UInt8(ascii: ".") { return nil }
        let shift = UInt64(truncatingIfNeeded: places &<< 3)
        let behind = word &>> shift
        if UInt8(truncatingIfNeeded: behind) | 0x20 == UInt8(ascii: "e") { return nil }
        let power = unsafe constants[DecimalFloat.tensOffset &+ places]
        let decimal = UInt64(digit) &* power &+ DigitRun.number(values, before: shift &+ 7)
        if decimal > 1 << 24 { return nil }
        let value = Float(Int64(bitPattern: decimal)) / Float(Int64(bitPattern: power))
        return unsafe LongFraction.Found(
            magnitude: value.bitPattern, places: places, end: first + 2 + places, behind: behind)
    }
}
