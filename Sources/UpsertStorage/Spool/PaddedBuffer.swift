internal import Glibc

/// Memory to read a file into, with readable zero bytes behind its capacity, which a vectorised parser may touch.
@safe
final class PaddedBuffer {
    /// Readable bytes behind the capacity.
    static let padding = 64

    private(set) var base: UnsafeMutableRawPointer
    /// Bytes that may be filled.
    private(set) var capacity: Int

    init(capacity: Int) {
        unsafe base = Self.allocate(capacity)
        self.capacity = capacity
    }

    deinit { unsafe base.deallocate() }

    /// Gives the buffer another capacity, keeping its first `kept` bytes.
    func resize(to capacity: Int, keeping kept: Int) {
        let moved = unsafe Self.allocate(capacity)
        unsafe moved.copyMemory(from: base, byteCount: min(kept, capacity))
        unsafe base.deallocate()
        unsafe base = moved
        self.capacity = capacity
    }

    /// Moves `count` bytes at `start` to the front.
    func moveToFront(from start: Int, count: Int) {
        unsafe _ = memmove(base, base + start, count)
    }

    /// The bytes of `range`.
    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    /// Room from `start` on, at most `limit` bytes of it.
    func room(from start: Int, limit: Int = .max) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: base + start, count: min(limit, capacity - start))
    }

    /// Zeroes the padding right behind `end`, so that nobody reads an earlier block's bytes as data.
    func terminate(at end: Int) {
        unsafe _ = memset(base + end, 0, Self.padding)
    }

    private static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer {
        // Only the padding needs a value: the rest is read into before it is read from.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity + padding, alignment: 64)
        unsafe _ = memset(memory + capacity, 0, padding)
        return unsafe memory
    }
}
