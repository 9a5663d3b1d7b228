/// The table of a chunk's records: for each its key, where its bytes end, and its weight.
///
/// Stored as 24 bytes a record, little-endian: key high, key low (64 bits each), end offset, weight (32 bits each).
package struct ChunkDirectory: Sendable, Equatable {
    /// Bytes per record in the stored form.
    package static let entryBytes = 24
    /// Keys in record order.
    package private(set) var keys: [RecordKey] = []
    /// End offset of each record in the chunk's payload.
    package private(set) var ends: [UInt32] = []
    /// What each record counts against a request's weight.
    package private(set) var weights: [UInt32] = []

    package init() {}

    package var count: Int { keys.count }

    /// Adds a record whose bytes end at `end`.
    package mutating func append(key: RecordKey, end: Int, weight: Int) {
        keys.append(key)
        ends.append(UInt32(end))
        weights.append(UInt32(clamping: weight))
    }

    /// Byte range of a record in the payload.
    package func range(_ position: Int) -> Range<Int> {
        (position == 0 ? 0 : Int(ends[position - 1]))..<Int(ends[position])
    }

    /// The stored form.
    package var bytes: [UInt8] {
        var out = [UInt8]()
        out.reserveCapacity(count * Self.entryBytes)
        for position in 0..<count {
            Self.append(keys[position].high, to: &out)
            Self.append(keys[position].low, to: &out)
            Self.append(UInt64(ends[position]) | UInt64(weights[position]) << 32, to: &out)
        }
        return out
    }

    /// Reads the stored form; nil when its length or offsets make no sense.
    package init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count % Self.entryBytes == 0 else { return nil }
        let records = bytes.count / Self.entryBytes
        keys.reserveCapacity(records)
        ends.reserveCapacity(records)
        weights.reserveCapacity(records)
        for position in 0..<records {
            let at = position * Self.entryBytes
            let high = unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let low = unsafe bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
            let rest = unsafe bytes.loadUnaligned(fromByteOffset: at + 16, as: UInt64.self)
            let end = UInt32(truncatingIfNeeded: rest)
            if let last = ends.last, end < last { return nil }
            keys.append(RecordKey(high: UInt64(littleEndian: high), low: UInt64(littleEndian: low)))
            ends.append(end)
            weights.append(UInt32(truncatingIfNeeded: rest >> 32))
        }
    }

    /// Reads only the keys of a stored form.
    ///
    /// - Precondition: Its length is a multiple of ``entryBytes``.
    static func appendKeys(of bytes: UnsafeRawBufferPointer, to keys: inout [RecordKey]) {
        precondition(bytes.count % entryBytes == 0, "a directory has whole entries")
        for at in stride(from: 0, to: bytes.count, by: entryBytes) {
            let high = unsafe bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let low = unsafe bytes.loadUnaligned(fromByteOffset: at + 8, as: UInt64.self)
            keys.append(RecordKey(high: UInt64(littleEndian: high), low: UInt64(littleEndian: low)))
        }
    }

    private static func append(_ word: UInt64, to out: inout [UInt8]) {
        unsafe withUnsafeBytes(of: word.littleEndian) { unsafe out.append(contentsOf: $0) }
    }
}
