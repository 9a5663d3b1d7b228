/// The floats that embeddings are made of, 0.001 up to 1: the shortest decimal by exact arithmetic in one word.
///
/// With `m` decimal places chosen so that a unit of the last one is at most the distance of two floats, `value × 10^m` has no
/// more than 55 bits in steps of 2⁻²⁸. The nearest unit then always rounds to the float; so does the nearest multiple of ten
/// units if it is within half the distance to the next float, and at most one is. It is never at exactly that distance, and
/// the powers of two, below which floats lie closer, are decimals with a zero for the last place: a test compares every one of
/// these floats with ``ShortestDecimal``.
enum PlainFraction {
    /// `10^m × 2^(q + 28)` for the exponents 117 to 126, where a value is `c × 2^q`.
    static let scales: [UInt64] = [
        312_500_000, 625_000_000, 1_250_000_000, 2_500_000_000,
        500_000_000, 1_000_000_000, 2_000_000_000,
        400_000_000, 800_000_000, 1_600_000_000,
    ]
    /// `m` for each.
    static let places: [UInt64] = [10, 10, 10, 10, 9, 9, 9, 8, 8, 8]

    private static let exponentMin: UInt32 = 117
    /// Bits of 0.001.
    private static let lowest: UInt32 = 0x3a83_126f
    /// Bits of 1.
    private static let one: UInt32 = 0x3f80_0000

    /// Whether a float, its bits without the sign, is one of those.
    @inline(__always)
    static func has(_ magnitude: UInt32) -> Bool { magnitude &- lowest < one - lowest }

    /// Writes one of those floats.
    ///
    /// - Parameter at: ``FloatText/roomBytes`` of room.
    /// - Returns: The end of the text.
    @inline(__always)
    static func write(
        _ magnitude: UInt32, to at: UnsafeMutableRawPointer, _ constants: UnsafePointer<UInt64>
    ) -> UnsafeMutableRawPointer {
        let row = Int(truncatingIfNeeded: magnitude &>> 23 &- exponentMin)
        let scale = unsafe constants[FloatText.scalesOffset &+ row]
        let scaled = UInt64(magnitude & 0x007f_ffff | 0x0080_0000) &* scale
        let tenfold = UInt64((UInt32(truncatingIfNeeded: scaled &>> 28) &+ 5) / 10 &* 10)
        let isNear = scaled &+ scale &>> 1 &- tenfold &<< 28 < scale
        let decimal = isNear ? tenfold : (scaled &+ 1 &<< 27) &>> 28
        let first = UInt8(decimal >= 100_000_000 ? 1 : 0)
        let rest = EightDigits.bytes(decimal &- UInt64(first) &* 100_000_000)
        let places = unsafe Int(truncatingIfNeeded: constants[FloatText.placesOffset &+ row])
        // The nine digits end at the last place; of eight places the first digit is the zero before the point.
        unsafe at.storeBytes(of: UInt32(0x3030_2e30).littleEndian, as: UInt32.self)  // 0.00
        unsafe at.storeBytes(of: first &+ 0x30, toByteOffset: places &- 7, as: UInt8.self)
        unsafe at.storeBytes(of: UInt16(0x2e30).littleEndian, as: UInt16.self)
        unsafe at.storeBytes(
            of: (rest &+ 0x3030_3030_3030_3030).littleEndian, toByteOffset: places &- 6, as: UInt64.self)
        return unsafe at + (places &+ 2 &- rest.leadingZeroBitCount &>> 3)
    }
}

/// Whole numbers below 10⁸ as eight digits, one a byte, the first one lowest.
enum EightDigits {
    /// Halves, then pairs, then single digits, all of a kind at once: `q | (n − d·q) << w` is `n << w − (d << w − 1)·q`.
    @inline(__always)
    static func bytes(_ number: UInt64) -> UInt64 {
        let upper = number / 10_000
        let halves = number &<< 32 &- upper &* (10_000 &<< 32 &- 1)
        let hundreds = (halves &* 10_486) &>> 20 & 0x0000_007f_0000_007f
        let pairs = halves &<< 16 &- hundreds &* (100 &<< 16 &- 1)
        let tens = (pairs &* 103) &>> 10 & 0x000f_000f_000f_000f
        return pairs &<< 8 &- tens &* (10 &<< 8 &- 1)
    }
}
