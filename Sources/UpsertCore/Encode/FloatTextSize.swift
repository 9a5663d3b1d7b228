/// How many bytes floats take as JSON, without writing them.
enum FloatTextSize {
    /// Bytes of the floats with a comma between each two, or a little more; never less.
    ///
    /// What a float may take follows from its exponent; a producer's text bounds it, too, where its numbers are short.
    ///
    /// - Parameter text: The text that the floats were read from, without its brackets.
    static func bytesMax(_ floats: UnsafeBufferPointer<UInt32>, text: UnsafeRawBufferPointer) -> Int {
        let commas = max(0, floats.count - 1)
        let written = unsafe bytesMax(floats)
        // With a blank behind each comma, as most producers write.
        if text.count - commas >= written + commas { return written + commas }
        var blanks = 0
        for index in text.indices { unsafe blanks &+= text[index] <= 0x20 ? 1 : 0 }
        // The one case in which our text may be longer, by one byte a number.
        let longer = unsafe floats.reduce(0) { count, bits in
            count &+ ((bits & 0x7fff_ffff) &- 0x3a83_126f < 0x3c23_d70a - 0x3a83_126f ? 1 : 0)
        }
        return min(written + commas, text.count - blanks + longer)
    }

    /// What the floats take at most by their exponents, without commas. No branch and no table, for several at a time.
    private static func bytesMax(_ floats: UnsafeBufferPointer<UInt32>) -> Int {
        // Nine digits and an exponent of two, "e-12"; or eight and an exponent.
        var bytes = Int32(truncatingIfNeeded: 13 &* floats.count)
        for index in floats.indices {
            let bits = unsafe floats[index]
            let magnitude = Int32(truncatingIfNeeded: bits & 0x7fff_ffff)
            bytes &+= Int32(truncatingIfNeeded: bits &>> 31)
            // 0.00 and eight digits, or 0.0 and nine from 0.01 on.
            bytes &-= isAtLeast(power(of: -10), magnitude)
            // 0.0 and eight digits, or 0. and nine from 0.1 on.
            bytes &-= isAtLeast(power(of: -6), magnitude)
            // 0. and eight digits, or nine digits and a point.
            bytes &-= isAtLeast(power(of: -3), magnitude)
            // Nine digits and an exponent.
            bytes &+= 2 &* isAtLeast(power(of: 24), magnitude)
            // 0
            bytes &+= 12 &* (isAtLeast(1, magnitude) &- 1)
        }
        return Int(bytes)
    }

    /// 1 or 0, by a subtraction and its sign: what the compiler makes of comparisons here is three times as long.
    @inline(__always)
    private static func isAtLeast(_ bound: Int32, _ magnitude: Int32) -> Int32 {
        1 &+ (magnitude &- bound) &>> 31
    }

    /// The bits of a power of two.
    @inline(__always)
    private static func power(of exponent: Int32) -> Int32 { (127 &+ exponent) &<< 23 }
}
