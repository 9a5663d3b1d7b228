/// Stands in for an embedding model: texts that share words get near vectors.
///
/// The words of all text fields are hashed into the index's dimension, with a sign so that collisions cancel out.
/// Source: Weinberger et al., "Feature hashing for large scale multitask learning", 2009.
struct HashedEmbedding {
    /// 0 for a sparse index.
    let dimension: Int

    /// Gives a text record the vector of its metadata's texts.
    func embed(_ record: VectorRecord) throws -> VectorRecord {
        var weights: [UInt32: Float] = [:]
        for word in try Self.words(record.metadata) {
            let hash = Self.hash(word)
            let place = dimension > 0 ? UInt32(hash % UInt64(dimension)) : UInt32(truncatingIfNeeded: hash)
            weights[place, default: 0] += dimension == 0 || hash >> 63 == 0 ? 1 : -1
        }
        // A vector needs one value that is not zero, also where there are no words or all have cancelled out.
        if weights.values.allSatisfy({ $0 == 0 }) { weights[0] = 1 }
        var record = record
        let places = weights.sorted { $0.key < $1.key }.prefix(dimension > 0 ? .max : IndexLimits.sparseValues)
        if dimension > 0 {
            var dense = [Float](repeating: 0, count: dimension)
            let length = weights.values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for (place, weight) in places { dense[Int(place)] = weight / length }
            record.dense = FloatBytes.bytes(dense)
        } else {
            record.sparse = SparseVector(indices: places.map(\.key), values: places.map(\.value))
        }
        return record
    }

    private static func words(_ metadata: ArraySlice<UInt8>) throws -> [Substring] {
        guard case .object(let members) = try JSONReader.parse(metadata) else { return [] }
        return members.flatMap { member -> [Substring] in
            guard case .string(let text) = member.value else { return [] }
            return text.lowercased().split { !$0.isLetter && !$0.isNumber }
        }
    }

    /// FNV-1a, 64 bits.
    private static func hash(_ word: Substring) -> UInt64 {
        word.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
