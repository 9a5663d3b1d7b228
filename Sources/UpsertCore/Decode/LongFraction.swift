/// The numbers that real vectors are made of: one digit, a point, sixteen digits and perhaps more.
///
/// Sixteen digits behind the point decide the nearest float in all but about one in 10⁵ cases, so what follows them is only
/// stepped over. What this does not decide, or does not look like this, is left to ``JSONNumber`` and ``DecimalFloat``.
enum LongFraction {
    /// A number, read.
    @safe struct Found {
        /// In place of a magnitude, which is infinity at most: there is no number, and `end` is where it stops being one.
        static let noNumber = UInt32.max
        /// The float's bits without its sign.
        var magnitude: UInt32
        /// Digits behind the point, where there are so few that ``ShortFraction`` has read them; else 0.
        var places = 0
        /// The byte behind the number.
        var end: UnsafeRawPointer
        /// The bytes from `end` on, the first one lowest: between one and eight of them, then zeros.
        var behind: UInt64
    }

    /// Reads the number whose first digit is at `first`; nil when it must be read in another way.
    ///
    /// Up to 26 bytes are looked at.
    ///
    /// - Parameter power: The upper half of 5⁻¹⁶, at ``powerOffset`` in ``DecimalFloat/constants``.
    @inline(__always)
    static func read(_ first: UnsafeRawPointer, power: UInt64) -> Found? {
        let digit = unsafe first.load(as: UInt8.self) &- 0x30
        let upper = unsafe DigitRun.values(first + 2)
        let lower = unsafe DigitRun.values(first + 10)
        let point = unsafe first.load(fromByteOffset: 1, as: UInt8.self)
        if digit > 9 || point != UInt8(ascii: ".") || DigitRun.marks(upper, lower) != 0 { return nil }
        let tail = unsafe UInt64(littleEndian: first.loadUnaligned(fromByteOffset: 18, as: UInt64.self))
        let marks = DigitRun.marks(DigitRun.values(of: tail))
        // Eight digits more.
        if marks == 0 { return nil }
        let bits = UInt64(truncatingIfNeeded: marks.trailingZeroBitCount) & 0x38
        let behind = tail &>> bits
        if UInt8(truncatingIfNeeded: behind) | 0x20 == UInt8(ascii: "e") { return nil }
        let fraction = DigitRun.number(upper) &* 100_000_000 &+ DigitRun.number(lower)
        let decimal = UInt64(digit) &* 10_000_000_000_000_000 &+ fraction
        guard let magnitude = magnitude(decimal, power: power) else { return nil }
        let end = unsafe first + 18 + Int(truncatingIfNeeded: bits &>> 3)
        return unsafe Found(magnitude: magnitude, end: end, behind: behind)
    }

    /// The bits of the float nearest to every number that begins with these seventeen digits; nil when they do not decide.
    ///
    /// With `w` these digits as an integer, the number lies in `[w, w + 1) × 10⁻¹⁶`. Both ends, shifted left until the upper
    /// bit is set, are multiplied by the upper half of 5⁻¹⁶, as Eisel and Lemire do; the product's upper word, half a unit of
    /// the float's last place added, then is at most `2^zeros + 3` apart for the two. Its bits below the float's last place
    /// tell whether a halfway point between two floats can lie in there: only if they are zero, or that close to their end.
    ///
    /// - Parameters:
    ///   - decimal: The digits as an integer, below 10¹⁷.
    ///   - power: As for ``read(_:power:)``.
    @inline(__always)
    static func magnitude(_ decimal: UInt64, power: UInt64) -> UInt32? {
        // Then there are at most `zerosMax` leading zeros, and the value is far from the smallest normal number.
        if decimal >> UInt64(64 - zerosMax - 1) == 0 { return nil }
        let zeros = UInt64(truncatingIfNeeded: decimal.leadingZeroBitCount)
        let high = (decimal &<< zeros).multipliedFullWidth(by: power).high
        // The product's leading bit is the first or the second one; behind this it is the second one in any case.
        let upper = high &>> 63
        let rounded = high &>> upper &+ 1 << 38
        if (rounded & lowerMask) &- 1 >= undecided { return nil }
        // floor(−16 × log2(10)) and the bias, as in ``DecimalFloat/bits(_:power:_:)``, less one for the leading bit.
        let exponent = UInt64(bitPattern: Int64((217_706 * -16) >> 16 + 190 - 1)) &+ upper &- zeros
        return UInt32(truncatingIfNeeded: exponent &<< 23) &+ UInt32(truncatingIfNeeded: rounded &>> 39)
    }

    private static let zerosMax = 23
    private static let lowerMask: UInt64 = 1 << 39 - 1
    /// Lower bits, less one, from which on the two ends of the interval may differ.
    private static let undecided: UInt64 = 1 << 39 - 1 << UInt64(zerosMax) - 4

    /// The place of 5⁻¹⁶ in ``DecimalFloat/constants``.
    static let powerOffset = 2 * (64 - 16)
}
