/// Decimal to binary32, correctly rounded (to nearest, ties to even).
///
/// Source: D. Lemire, "Number parsing at a gigabyte per second", 2021 (the Eisel–Lemire algorithm), and N. Mushtak and
/// D. Lemire, "Fast number parsing without fallback", 2023, which shows that the 128-bit product always decides.
enum DecimalFloat {
    /// Bits of positive infinity; a decimal that rounds to it is too large for a float.
    static let infinity: UInt32 = 0x7f80_0000

    /// The powers of five, then `10^0 … 10^7` for joining a run of fewer than eight digits.
    ///
    /// Raw memory, so that the loop over a vector does no bounds checks and no reference counting.
    nonisolated(unsafe) static let constants: UnsafePointer<UInt64> = {  // safe: written once, here, and never freed
        let tens: [UInt64] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]
        let all = PowersOfFive.halves + tens
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: all.count)
        unsafe memory.initialize(from: all, count: all.count)
        return unsafe UnsafePointer(memory)
    }()

    /// Where the powers of ten begin in ``constants``.
    static let tensOffset = 2 * (38 + 64 + 1)

    /// The bits of the float nearest to `decimal × 10^power`; ``infinity`` when it is too large.
    ///
    /// - Parameters:
    ///   - decimal: At most 19 significant digits, all of them.
    ///   - constants: ``constants``, loaded once by the caller.
    @inline(__always)
    static func bits(_ decimal: UInt64, power: Int, _ constants: UnsafePointer<UInt64>) -> UInt32 {
        let row = UInt(bitPattern: power &+ 64)
        if decimal == 0 || row > 102 { return extreme(decimal, power) }
        let zeros = decimal.leadingZeroBitCount
        let normal = decimal &<< UInt64(truncatingIfNeeded: zeros)
        let entry = unsafe constants + Int(bitPattern: row &<< 1)
        let first = unsafe normal.multipliedFullWidth(by: entry[0])
        var high = first.high
        var low = first.low
        // 26 bits decide unless all the bits below them are ones; then the lower half of the power matters.
        if high | ~(UInt64.max >> 26) == UInt64.max {
            let second = unsafe normal.multipliedFullWidth(by: entry[1]).high
            let sum = low.addingReportingOverflow(second)
            low = sum.partialValue
            if sum.overflow { high &+= 1 }
        }
        let upper = high >> 63
        let shift = upper &+ 38
        var mantissa = high &>> shift
        // floor(power × log2(10)) by multiplication, plus the bias.
        let exponent = ((217_706 &* power) >> 16) &+ 190 &+ Int(truncatingIfNeeded: upper) &- zeros
        if UInt(bitPattern: exponent &- 1) > 253 { return beyondNormal(mantissa, exponent) }
        if low <= 1 && isHalfway(mantissa, high, power) { mantissa &-= 1 }  // to even
        // The leading bit adds one to the exponent, and so does a mantissa that rounds up to the next power of two.
        return UInt32(truncatingIfNeeded: (exponent &- 1) &<< 23) &+ UInt32(truncatingIfNeeded: (mantissa &+ 1) >> 1)
    }

    /// Whether the decimal may lie exactly between two floats and the lower one is even. Rare, so out of line.
    @inline(never)
    private static func isHalfway(_ mantissa: UInt64, _ high: UInt64, _ power: Int) -> Bool {
        mantissa & 3 == 1 && power >= -17 && power <= 10 && mantissa << (high >> 63 + 38) == high
    }

    /// Zero, or a power of ten that no digits can bring back into range.
    @inline(never)
    private static func extreme(_ decimal: UInt64, _ power: Int) -> UInt32 {
        decimal != 0 && power > 0 ? infinity : 0
    }

    /// Too large, or smaller than the smallest normal number.
    @inline(never)
    private static func beyondNormal(_ mantissa: UInt64, _ exponent: Int) -> UInt32 {
        if exponent > 0 { return infinity }
        if exponent <= -62 { return 0 }
        // Rounding up may reach the smallest normal number, whose bits are exactly 1 << 23.
        return UInt32(truncatingIfNeeded: ((mantissa &>> UInt64(1 - exponent)) + 1) >> 1)
    }

    /// The bits for a number of more than 19 digits.
    ///
    /// When both neighbours of the cut-off decimal round alike, so does everything between; else the standard library
    /// decides, exactly.
    ///
    /// - Parameters:
    ///   - text: The number without its sign.
    ///   - digits: As ``JSONNumber/digits`` counts them; more than 19.
    ///   - product: As ``JSONNumber/decimal``: right after all if enough of the digits are leading zeros.
    @inline(never)
    static func bits(long text: UnsafeRawBufferPointer, digits: Int, product: UInt64, power: Int) -> UInt32 {
        let constants = unsafe constants
        let zeros = unsafe leadingZeros(text)
        if digits - zeros <= 19 { return unsafe bits(product, power: power, constants) }
        var decimal: UInt64 = 0
        var digits = 0
        var power = 0
        var at = 0
        var fraction = false
        while at < text.count {
            let byte = unsafe text[at]
            at += 1
            if byte == UInt8(ascii: ".") {
                fraction = true
            } else if byte | 0x20 == UInt8(ascii: "e") {
                power += unsafe JSONNumber.exponent(UnsafeRawBufferPointer(rebasing: text[at...]))
                break
            } else if digits < 19 {
                decimal = decimal * 10 + UInt64(byte & 15)
                if decimal != 0 { digits += 1 }
                if fraction { power -= 1 }
            } else if !fraction {
                power += 1
            }
        }
        let below = unsafe bits(decimal, power: power, constants)
        let above = unsafe bits(decimal + 1, power: power, constants)
        if below == above { return below }
        return unsafe Float(String(decoding: text, as: UTF8.self))?.bitPattern ?? below
    }

    /// Zeros behind a leading `0.`: counted as digits so far, though they are not significant.
    private static func leadingZeros(_ text: UnsafeRawBufferPointer) -> Int {
        guard unsafe text[0] == UInt8(ascii: "0") else { return 0 }
        var count = 0
        while unsafe 2 + count < text.count && text[2 + count] == UInt8(ascii: "0") { count += 1 }
        return count
    }
}
