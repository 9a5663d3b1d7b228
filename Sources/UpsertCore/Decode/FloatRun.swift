/// A JSON array of numbers read straight into floats: the innermost loop of the whole daemon.
struct FloatRun {
    /// Offset of the byte behind the closing bracket, or of the offending byte.
    var next: Int
    /// Elements in the array, also those beyond the capacity.
    var count = 0
    /// The largest magnitude, as bits; infinity or above means that some element is not finite.
    var largest: UInt32 = 0
    /// Whether `next` is where the array stops being JSON numbers.
    var failed = false
    /// Whether an element was expected there, rather than a comma.
    var failedAtElement = false

    /// Reads the array whose opening bracket is at `start`.
    ///
    /// `base` holds a record that ends in `}`, with 64 readable bytes behind it, so no run of digits or blanks leaves it.
    ///
    /// - Parameter floats: Where the numbers go; more than fit are counted and dropped.
    static func read(
        _ base: UnsafeRawPointer, at start: Int, into floats: UnsafeMutableBufferPointer<UInt32>
    ) -> FloatRun {
        let first = unsafe skipBlanks(base + start + 1)
        if unsafe first.load(as: UInt8.self) == UInt8(ascii: "]") {
            return unsafe FloatRun(next: first + 1 - base)
        }
        guard let place = floats.baseAddress else { return unsafe FloatRun(next: first - base, failed: true) }
        return unsafe scan(base, first, place, place + floats.count)
    }

    @inline(__always)
    private static func skipBlanks(_ start: UnsafeRawPointer) -> UnsafeRawPointer {
        var at = unsafe start
        while unsafe JSONCursor.isBlank(at.load(as: UInt8.self)) { unsafe at += 1 }
        return unsafe at
    }

    @inline(never)
    private static func scan(
        _ base: UnsafeRawPointer, _ first: UnsafeRawPointer, _ floats: UnsafeMutablePointer<UInt32>,
        _ limit: UnsafeMutablePointer<UInt32>
    ) -> FloatRun {
        let constants = unsafe DecimalFloat.constants
        let power = unsafe constants[LongFraction.powerOffset]
        var place = unsafe floats
        var dropped = 0
        var largest: UInt32 = 0
        var at = unsafe first
        var failed = false
        var failedAtElement = false
        var places = 0
        // The byte at `at`, taken from the word that ended the number before: a load would be one more in the chain from
        // number to number, which is what bounds this loop.
        var lead = unsafe at.load(as: UInt8.self)
        while true {
            let sign: UInt32 = lead == UInt8(ascii: "-") ? 1 : 0
            // A file has numbers of one kind, so this is foretold.
            let found =
                unsafe places == 0
                ? LongFraction.read(at + Int(sign), power: power) ?? readAny(at, Int(sign), constants)
                : readShort(at, Int(sign), places, constants)
            places = found.places
            let magnitude = found.magnitude
            if magnitude == LongFraction.Found.noNumber {
                failed = true
                failedAtElement = unsafe found.end == at
                unsafe at = found.end
                break
            }
            let behind = found.behind
            largest = largest > magnitude ? largest : magnitude
            if unsafe place < limit {
                unsafe place.pointee = magnitude | sign << 31
                unsafe place += 1
            } else {
                dropped &+= 1
            }
            unsafe at = found.end
            // Comma and blank as one comparison: the next number's place then hangs on a foretold branch, not on data.
            if UInt16(truncatingIfNeeded: behind) == 0x202c {
                unsafe at += 2
                lead = UInt8(truncatingIfNeeded: behind &>> 16)
            } else if UInt8(truncatingIfNeeded: behind) == UInt8(ascii: ",") {
                unsafe at += 1
                lead = UInt8(truncatingIfNeeded: behind &>> 8)
            } else {
                unsafe at = skipBlanks(at)
                let byte = unsafe at.load(as: UInt8.self)
                if byte != UInt8(ascii: ",") {
                    failed = byte != UInt8(ascii: "]")
                    if !failed { unsafe at += 1 }
                    break
                }
                unsafe at += 1
                lead = 0
            }
            // A blank, or a byte that the word did not hold.
            if lead <= UInt8(ascii: " ") {
                unsafe at = skipBlanks(at)
                lead = unsafe at.load(as: UInt8.self)
            }
        }
        return unsafe FloatRun(
            next: at - base, count: place - floats + dropped, largest: largest, failed: failed,
            failedAtElement: failedAtElement)
    }

    // Two functions that are not inlined, so that the rarer kinds of number take no registers from the others.

    /// Reads a number that follows one of few digits.
    ///
    /// - Parameters:
    ///   - at: Where it begins.
    ///   - sign: Bytes before its first digit.
    ///   - places: Digits behind the point of the number before.
    @inline(never)
    private static func readShort(
        _ at: UnsafeRawPointer, _ sign: Int, _ places: Int, _ constants: UnsafePointer<UInt64>
    ) -> LongFraction.Found {
        unsafe ShortFraction.read(at + sign, places: places, constants) ?? readAny(at, sign, constants)
    }

    /// Reads any number.
    @inline(never)
    private static func readAny(
        _ at: UnsafeRawPointer, _ sign: Int, _ constants: UnsafePointer<UInt64>
    ) -> LongFraction.Found {
        let places = unsafe ShortFraction.places(at + sign)
        if 1...7 ~= places, let found = unsafe ShortFraction.read(at + sign, places: places, constants) { return found }
        let number = unsafe JSONNumber.scan(at, constants)
        if number.failed {
            return unsafe LongFraction.Found(magnitude: LongFraction.Found.noNumber, end: number.end, behind: 0)
        }
        let behind = unsafe UInt64(littleEndian: number.end.loadUnaligned(as: UInt64.self))
        return unsafe LongFraction.Found(
            magnitude: number.magnitude(at, constants), end: number.end, behind: behind)
    }
}
