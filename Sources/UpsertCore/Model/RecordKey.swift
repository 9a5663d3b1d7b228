/// Stands for one (target, namespace, record id) inside a queue: a keyed 128-bit hash.
///
/// A write is taken for one of another record with a probability of about 10⁻¹⁷ at ten million waiting records (the index
/// compares 80 bits), and since the hash is keyed with a secret of the queue, nobody outside can construct such a pair.
package struct RecordKey: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(high) }
}

/// Hashes record ids with a secret key: SipHash-1-3 with 128-bit output.
///
/// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), and the reference implementation's 128-bit
/// variant (`siphash.c`, `outlen` 16). One compression and three finalisation rounds, as Rust and Swift use for tables.
package struct RecordKeyHasher: Sendable {
    private let key0: UInt64
    private let key1: UInt64

    /// - Parameter secret: The queue's 16 secret bytes.
    /// - Precondition: `secret` has 16 bytes.
    package init(secret: [UInt8]) {
        precondition(secret.count == 16, "the hash secret must have 16 bytes, has \(secret.count)")
        key0 = Self.word(secret[0..<8])
        key1 = Self.word(secret[8..<16])
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The key of record `id` in lane `lane`.
    package func key(lane: Int64, id: UnsafeRawBufferPointer) -> RecordKey {
        var state = State(key0, key1)
        state.compress(UInt64(bitPattern: lane))
        let count = id.count
        let whole = count & ~7
        var offset = 0
        while offset < whole {
            state.compress(unsafe id.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var last = UInt64(truncatingIfNeeded: count + 8) << 56
        while offset < count {
            last |= UInt64(unsafe id[offset]) << UInt64(8 * (offset & 7))
            offset += 1
        }
        state.compress(last)
        return state.finish()
    }

    /// The key of record `id` in lane `lane`.
    package func key(lane: Int64, id: [UInt8]) -> RecordKey {
        unsafe id.withUnsafeBytes { unsafe key(lane: lane, id: $0) }
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        init(_ key0: UInt64, _ key1: UInt64) {
            v0 = key0 ^ 0x736f_6d65_7073_6575
            v1 = key1 ^ 0x646f_7261_6e64_6f6d ^ 0xee
            v2 = key0 ^ 0x6c79_6765_6e65_7261
            v3 = key1 ^ 0x7465_6462_7974_6573
        }

        mutating func compress(_ word: UInt64) {
            v3 ^= word
            round()
            v0 ^= word
        }

        mutating func finish() -> RecordKey {
            v2 ^= 0xee
            round()
            round()
            round()
            let high = v0 ^ v1 ^ v2 ^ v3
            v1 ^= 0xdd
            round()
            round()
            round()
            return RecordKey(high: high, low: v0 ^ v1 ^ v2 ^ v3)
        }

        private mutating func round() {
            v0 = v0 &+ v1
            v1 = (v1 << 13 | v1 >> 51) ^ v0
            v0 = v0 << 32 | v0 >> 32
            v2 = v2 &+ v3
            v3 = (v3 << 16 | v3 >> 48) ^ v2
            v0 = v0 &+ v3
            v3 = (v3 << 21 | v3 >> 43) ^ v0
            v2 = v2 &+ v1
            v1 = (v1 << 17 | v1 >> 47) ^ v2
            v2 = v2 << 32 | v2 >> 32
        }
    }
}
