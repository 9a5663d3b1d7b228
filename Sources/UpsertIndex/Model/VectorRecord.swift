/// One record as it is stored and as it is answered.
struct VectorRecord: Sendable, Equatable {
    var id: String
    /// Little-endian float32 values; empty for a record without dense values.
    var dense: ArraySlice<UInt8> = []
    var sparse: SparseVector?
    /// Compact JSON text of an object; empty for a record without metadata.
    var metadata: ArraySlice<UInt8> = []

    var denseCount: Int { dense.count / 4 }

    /// The dense values, decoded.
    var denseValues: [Float] { FloatBytes.floats(dense) }

    /// Bytes as the documentation's sizing table counts them.
    var payloadBytes: Int { dense.count + 8 * (sparse?.indices.count ?? 0) + metadata.count }
}

/// Sparse values: parallel lists, in the order of the request.
struct SparseVector: Sendable, Equatable {
    var indices: [UInt32] = []
    var values: [Float] = []
}

/// A list of floats as little-endian bytes, in the form that the protobuf wire and the database share.
enum FloatBytes {
    static func append(_ value: Float, to bytes: inout [UInt8]) { append(bits: value.bitPattern, to: &bytes) }

    static func append(bits: UInt32, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: bits))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 16))
        bytes.append(UInt8(truncatingIfNeeded: bits >> 24))
    }

    static func bytes(_ floats: [Float]) -> ArraySlice<UInt8> {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * floats.count)
        for value in floats { append(value, to: &bytes) }
        return bytes[...]
    }

    static func floats(_ bytes: ArraySlice<UInt8>) -> [Float] {
        unsafe bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map { unsafe raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    /// Whether every value is finite, and whether any is at least ``IndexLimits/nonZeroMin`` in magnitude.
    static func inspect(_ bytes: ArraySlice<UInt8>) -> (isFinite: Bool, hasNonZero: Bool) {
        // Magnitudes of floats order like their bits, so both questions are integer comparisons without branches.
        let threshold = IndexLimits.nonZeroMin.bitPattern
        var largest: UInt32 = 0
        unsafe bytes.withUnsafeBytes { raw in
            for index in 0..<raw.count / 4 {
                let bits = unsafe raw.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
                largest = max(largest, bits & 0x7fff_ffff)
            }
        }
        return (largest < 0x7f80_0000, largest >= threshold)
    }
}
