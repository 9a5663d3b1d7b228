/// A fixed number of bits, one per record of a chunk; stored in the queue as bytes, lowest bit first.
package struct Bitmap: Sendable, Equatable {
    private var words: [UInt64]
    /// Number of bits.
    package let count: Int

    /// All bits clear.
    package init(count: Int) {
        self.count = count
        words = Array(repeating: 0, count: (count + 63) / 64)
    }

    /// Reads a stored bitmap; missing bytes are clear, surplus bits are ignored.
    package init(bytes: [UInt8], count: Int) {
        self.init(count: count)
        for (index, byte) in bytes.enumerated() where index < words.count * 8 {
            words[index / 8] |= UInt64(byte) << UInt64(index % 8 * 8)
        }
        if count % 64 != 0, let last = words.indices.last { words[last] &= 1 << UInt64(count % 64) - 1 }
    }

    /// The stored form.
    package var bytes: [UInt8] {
        (0..<(count + 7) / 8).map { UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64($0 % 8 * 8)) }
    }

    package subscript(position: Int) -> Bool {
        get { words[position >> 6] >> UInt64(position & 63) & 1 != 0 }
        set {
            if newValue {
                words[position >> 6] |= 1 << UInt64(position & 63)
            } else {
                words[position >> 6] &= ~(1 << UInt64(position & 63))
            }
        }
    }

    /// Number of bits set.
    package var population: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
