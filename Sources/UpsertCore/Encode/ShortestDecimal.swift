/// The fewest digits that give a float back.
///
/// Source: R. Giulietti, "The Schubfach way to render doubles", 2020, in its form for binary32, which needs the 64 most
/// significant bits of a power of ten.
enum ShortestDecimal {
    /// The shortest decimal that rounds to the float, `decimal × 10^power`, and of several the nearest.
    ///
    /// - Parameter bits: Of a finite float above zero.
    @inline(__always)
    static func of(
        _ bits: UInt32, _ constants: UnsafePointer<UInt64>
    ) -> (decimal: UInt32, power: Int) {
        let fraction = bits & 0x007f_ffff
        let exponent = Int(truncatingIfNeeded: bits &>> 23)
        // The value is c × 2^q.
        let c = exponent == 0 ? fraction : fraction | 0x0080_0000
        let q = (exponent == 0 ? 1 : exponent) &- 150
        // Below a power of two the floats lie closer.
        let isClose = fraction == 0 && exponent > 1
        // floor(log10(2^q)), or of three quarters of that.
        let k = (q &* 1_262_611 &- (isClose ? 524_031 : 0)) &>> 22
        // One more than floor(log2(10^-k)), so that the products below have two bits behind the point.
        let shift = UInt64(truncatingIfNeeded: q &+ (-k &* 1_741_647) &>> 19 &+ 1)
        let power = unsafe constants[-k &- FloatText.powerMin]
        let value = roundedToOdd(power, UInt64(4 &* c) &<< shift)
        let below = roundedToOdd(power, UInt64(4 &* c &- (isClose ? 1 : 2)) &<< shift)
        let above = roundedToOdd(power, UInt64(4 &* c &+ 2) &<< shift)
        // The ends of the interval round to the float only when it is even.
        let lower = below &+ (c & 1)
        let upper = above &- (c & 1)
        let units = value &>> 2
        let tens = units / 10
        // Without branches: which of these it is cannot be foretold, and a wrong guess would cost more than all of them.
        let isTensUp = isSet(40 &* tens &+ 40 <= upper)
        let takesTens = isSet(lower <= 40 &* tens) ^ isTensUp
        let isUp = isSet(4 &* units &+ 4 <= upper)
        let takesUnits = isSet(lower <= 4 &* units) ^ isUp
        let half = value & 3
        let roundsUp = isSet(half &+ (units & 1) > 2)
        let decimalUnits = units &+ (isUp & takesUnits | roundsUp & ~takesUnits)
        let decimal = takesTens &* (tens &+ isTensUp) | (takesTens ^ 1) &* decimalUnits
        return (decimal, k &+ Int(takesTens))
    }

    /// 1 or 0.
    @inline(__always)
    private static func isSet(_ condition: Bool) -> UInt32 { condition ? 1 : 0 }

    /// The product's upper part; its lowest bit is set when there is something below.
    @inline(__always)
    private static func roundedToOdd(_ power: UInt64, _ factor: UInt64) -> UInt32 {
        let product = power.multipliedFullWidth(by: factor)
        let isInexact = product.low &>> 32 > 1
        return UInt32(truncatingIfNeeded: product.high) | (isInexact ? 1 : 0)
    }
}
