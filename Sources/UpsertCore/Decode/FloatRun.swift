/// A JSON array of numbers read straight into floats: the innermost loop of the whole daemon.
struct FloatRun {
    /// Offset of the byte behind the closing bracket, or of the offending byte.
    var next: Int
    /// Elements in the array, also those beyond the capacity.
    var count = 0
    /// The largest magnitude, as bits; infinity or above means that some element is not finite.
    var largest: UInt32 = 0
    /// Bytes of compact text written.
    var textCount = 0
    /// Whether `next` is where the array stops being JSON numbers.
    var failed = false

    /// Where the numbers go.
    @unsafe struct Output {
        var floats: UnsafeMutablePointer<UInt32>
        /// Floats that fit; more are counted and dropped.
        var capacity: Int
        /// Room for the array's own length and 64 bytes; nil when the number text is not wanted.
        var text: UnsafeMutableRawPointer?
    }

    /// Reads the array whose opening bracket is at `start`.
    ///
    /// `base` holds a record that ends in `}`, with 64 readable bytes behind it, so no run of digits or blanks leaves it.
    static func read(_ base: UnsafeRawPointer, at start: Int, into output: Output) -> FloatRun {
        var run = FloatRun(next: unsafe skipBlanks(base, start &+ 1))
        if unsafe base.load(fromByteOffset: run.next, as: UInt8.self) == UInt8(ascii: "]") {
            run.next &+= 1
            return run
        }
        if let text = unsafe output.text {
            unsafe run.scan(base, output.floats, output.capacity, text, keepingText: true)
        } else {
            // The text pointer is never followed here; any pointer will do.
            unsafe run.scan(
                base, output.floats, output.capacity, UnsafeMutableRawPointer(output.floats), keepingText: false)
        }
        return run
    }

    @inline(__always)
    private static func skipBlanks(_ base: UnsafeRawPointer, _ start: Int) -> Int {
        var at = start
        while unsafe JSONCursor.isBlank(base.load(fromByteOffset: at, as: UInt8.self)) { at &+= 1 }
        return at
    }

    @inline(__always)
    private mutating func scan(
        _ base: UnsafeRawPointer, _ floats: UnsafeMutablePointer<UInt32>, _ capacity: Int,
        _ text: UnsafeMutableRawPointer, keepingText: Bool
    ) {
        let constants = unsafe DecimalFloat.constants
        var at = next
        var count = 0
        var largest: UInt32 = 0
        var textEnd = 0
        while true {
            let number = unsafe JSONNumber.scan(base, at, constants)
            if number.failed {
                at = number.end
                failed = true
                break
            }
            let magnitude =
                if number.digits <= 19 {
                    unsafe DecimalFloat.bits(number.decimal, power: number.power, constants)
                } else {
                    unsafe DecimalFloat.bits(
                        longText: UnsafeRawBufferPointer(
                            start: base + at + (number.negative ? 1 : 0),
                            count: number.end - at - (number.negative ? 1 : 0)))
                }
            largest = largest > magnitude ? largest : magnitude
            if count < capacity { unsafe floats[count] = magnitude | (number.negative ? 1 << 31 : 0) }
            count &+= 1
            if keepingText { unsafe Self.copy(base + at, number.end &- at, to: text, &textEnd) }
            at = number.end
            var byte = unsafe base.load(fromByteOffset: at, as: UInt8.self)
            if byte != UInt8(ascii: ",") {
                at = unsafe Self.skipBlanks(base, at)
                byte = unsafe base.load(fromByteOffset: at, as: UInt8.self)
                if byte == UInt8(ascii: "]") {
                    at &+= 1
                    break
                }
                if byte != UInt8(ascii: ",") {
                    failed = true
                    break
                }
            }
            at &+= 1
            if unsafe base.load(fromByteOffset: at, as: UInt8.self) == UInt8(ascii: " ") { at &+= 1 }
            if unsafe base.load(fromByteOffset: at, as: UInt8.self) <= UInt8(ascii: " ") {
                at = unsafe Self.skipBlanks(base, at)
            }
        }
        next = at
        self.count = count
        self.largest = largest
        textCount = max(0, textEnd &- 1)  // without the last comma
    }

    /// Appends a number and a comma. Copies 32 bytes whatever the length: cheaper than a call, and there is room.
    @inline(__always)
    private static func copy(
        _ number: UnsafeRawPointer, _ count: Int, to text: UnsafeMutableRawPointer, _ end: inout Int
    ) {
        if count <= 32 {
            let low = unsafe number.loadUnaligned(as: SIMD16<UInt8>.self)
            let high = unsafe number.loadUnaligned(fromByteOffset: 16, as: SIMD16<UInt8>.self)
            unsafe text.storeBytes(of: low, toByteOffset: end, as: SIMD16<UInt8>.self)
            unsafe text.storeBytes(of: high, toByteOffset: end &+ 16, as: SIMD16<UInt8>.self)
        } else {
            unsafe (text + end).copyMemory(from: number, byteCount: count)
        }
        unsafe text.storeBytes(of: UInt8(ascii: ","), toByteOffset: end &+ count, as: UInt8.self)
        end &+= count &+ 1
    }
}
