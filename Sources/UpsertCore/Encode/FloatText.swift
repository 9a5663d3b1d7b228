/// Binary32 as the shortest decimal text that gives it back: what a JSON request says of a value.
///
/// Of all JSON numbers that round to the float none is shorter, but for 0.001 up to 0.01: there `0.0012` is one byte longer
/// than `12e-4`. Everywhere else exponents stand behind whole numbers where that is shorter than zeros.
enum FloatText {
    /// Bytes that one number may touch; at most ``numberBytesMax`` of them are kept.
    static let roomBytes = 24
    /// The longest text: sign, nine digits, exponent.
    static let numberBytesMax = 14

    /// The powers of ten from 10^-31 to 10^45, their 64 most significant bits rounded up, then 10^0 … 10^9 as they are,
    /// then the scales and decimal places of ``PlainFraction``.
    ///
    /// Raw memory, so that the loop over a vector does no bounds checks and no reference counting.
    nonisolated(unsafe) static let constants: UnsafePointer<UInt64> = {  // safe: written once, here, and never freed
        let tens = (0..<10).map { power in (0..<power).reduce(UInt64(1)) { product, _ in product * 10 } }
        let all = (powerMin...powerMax).map(significantBits) + tens + PlainFraction.scales + PlainFraction.places
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: all.count)
        unsafe memory.initialize(from: all, count: all.count)
        return unsafe UnsafePointer(memory)
    }()

    static let powerMin = -31
    private static let powerMax = 45
    private static let tensOffset = powerMax - powerMin + 1
    static let scalesOffset = tensOffset + 10
    static let placesOffset = scalesOffset + 10

    /// The 64 most significant bits of 10^power, rounded up; those of 5^power are the same.
    private static func significantBits(_ power: Int) -> UInt64 {
        let known = min(power, PowersOfFive.exponents.upperBound)
        let row = 2 * (known - PowersOfFive.exponents.lowerBound)
        var bits = UInt128(PowersOfFive.halves[row]) << 64 | UInt128(PowersOfFive.halves[row + 1])
        // Five to the 45th has 105 bits, so nothing is cut off.
        for _ in known..<power {
            bits = (bits >> 3) * 5
            bits <<= UInt128(bits.leadingZeroBitCount)
        }
        let isExact = power >= 0 && bits & UInt128(UInt64.max) == 0
        return UInt64(truncatingIfNeeded: bits >> 64) + (isExact ? 0 : 1)
    }

    /// Writes a finite float as JSON.
    ///
    /// - Parameters:
    ///   - start: ``roomBytes`` of room.
    ///   - constants: ``constants``, loaded once by the caller.
    /// - Returns: The end of the text.
    @inline(__always)
    static func write(
        _ bits: UInt32, to start: UnsafeMutableRawPointer, _ constants: UnsafePointer<UInt64>
    ) -> UnsafeMutableRawPointer {
        unsafe start.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
        let at = unsafe start + Int(bits >> 31)
        let magnitude = bits & 0x7fff_ffff
        // One branch that nearly always goes the same way: a wrong guess costs as much as a number.
        return unsafe PlainFraction.has(magnitude)
            ? PlainFraction.write(magnitude, to: at, constants) : writeAny(magnitude, to: at, constants)
    }

    /// Any float, by ``ShortestDecimal``.
    @inline(never)
    static func writeAny(
        _ magnitude: UInt32, to at: UnsafeMutableRawPointer, _ constants: UnsafePointer<UInt64>
    ) -> UnsafeMutableRawPointer {
        if magnitude == 0 {
            unsafe at.storeBytes(of: UInt8(ascii: "0"), as: UInt8.self)
            return unsafe at + 1
        }
        let (decimal, power) = unsafe ShortestDecimal.of(magnitude, constants)
        let digits = unsafe Digits(decimal, constants)
        // The value is 0.DIGITS × 10^point.
        let point = power + digits.spelled
        if -2...0 ~= point {
            unsafe at.storeBytes(of: UInt32(0x3030_2e30).littleEndian, as: UInt32.self)  // 0.00
            let place = unsafe at + (2 - point)
            unsafe digits.write(to: place)
            return unsafe place + digits.count
        }
        return unsafe writeLarge(digits, point, to: at)
    }

    /// A number that is no plain fraction.
    @inline(never)
    private static func writeLarge(
        _ digits: Digits, _ point: Int, to start: UnsafeMutableRawPointer
    ) -> UnsafeMutableRawPointer {
        unsafe digits.write(to: start)
        var at = unsafe start + digits.count
        let zeros = point - digits.count
        if point > 0 && zeros < 0 {
            let fraction = unsafe start + point
            unsafe (fraction + 1).copyMemory(from: fraction, byteCount: -zeros)
            unsafe fraction.storeBytes(of: UInt8(ascii: "."), as: UInt8.self)
            return unsafe at + 1
        }
        if zeros == 1 || zeros == 2 { unsafe at.storeBytes(of: UInt16(0x3030), as: UInt16.self) }
        if 0...2 ~= zeros { return unsafe at + zeros }
        unsafe at.storeBytes(of: UInt8(ascii: "e"), as: UInt8.self)
        unsafe at += 1
        if zeros < 0 {
            unsafe at.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
            unsafe at += 1
        }
        let exponent = UInt8(zeros.magnitude)  // at most 53
        if exponent >= 10 {
            unsafe at.storeBytes(of: UInt8(ascii: "0") + exponent / 10, as: UInt8.self)
            unsafe at += 1
        }
        unsafe at.storeBytes(of: UInt8(ascii: "0") + exponent % 10, as: UInt8.self)
        return unsafe at + 1
    }

    /// The digits of a number below 10⁹, without zeros at the end.
    private struct Digits {
        private let first: UInt8
        /// The eight behind it, one a byte, the first one lowest.
        private let rest: UInt64
        /// How many are left without the zeros, at least 1.
        let count: Int
        /// How many there are with the zeros.
        let spelled: Int

        @inline(__always)
        init(_ decimal: UInt32, _ constants: UnsafePointer<UInt64>) {
            let tens = unsafe constants + tensOffset
            let estimate = ((32 &- decimal.leadingZeroBitCount) &* 1_233) &>> 12
            spelled = unsafe estimate &+ (UInt64(decimal) < tens[estimate] ? 0 : 1)
            let nine = unsafe UInt64(decimal) &* tens[9 &- spelled]
            let upper = nine / 100_000_000
            rest = EightDigits.bytes(nine &- upper &* 100_000_000)
            first = UInt8(truncatingIfNeeded: upper)
            count = 9 &- rest.leadingZeroBitCount &>> 3
        }

        /// Writes all nine.
        @inline(__always)
        func write(to place: UnsafeMutableRawPointer) {
            unsafe place.storeBytes(of: first &+ 0x30, as: UInt8.self)
            unsafe place.storeBytes(
                of: (rest &+ 0x3030_3030_3030_3030).littleEndian, toByteOffset: 1, as: UInt64.self)
        }
    }
}
