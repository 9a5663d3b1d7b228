/// Scores stored rows against one query, exactly.
struct Scorer {
    private let metric: Metric
    private let dense: [Float]
    private let norm: Float
    private let sparse: [UInt32: Float]

    init(metric: Metric, dense: ArraySlice<UInt8>, sparse: SparseVector?) {
        self.metric = metric
        self.dense = FloatBytes.floats(dense)
        norm = self.dense.reduce(0) { $0 + $1 * $1 }.squareRoot()
        self.sparse = Dictionary(zip(sparse?.indices ?? [], sparse?.values ?? []), uniquingKeysWith: +)
    }

    /// The score as the API reports it; nil for a row that has nothing in common with the query's kind of values.
    func score(dense row: UnsafeRawBufferPointer, sparse other: UnsafeRawBufferPointer) -> Float? {
        let hasDense = !dense.isEmpty && row.count == 4 * dense.count
        let hasSparse = unsafe !sparse.isEmpty && !other.isEmpty
        guard hasDense || hasSparse else { return nil }
        switch metric {
        case .dotproduct:
            return unsafe (hasDense ? dot(row) : 0) + (hasSparse ? sparseDot(other) : 0)
        case .cosine:
            let (product, squares) = unsafe dotAndSquares(row)
            let length = norm * squares.squareRoot()
            return length > 0 ? max(-1, min(1, product / length)) : 0
        case .euclidean:
            return unsafe squaredDistance(row)
        }
    }

    /// `score` turned so that higher is better.
    func rank(_ score: Float) -> Float { metric == .euclidean ? -score : score }

    private static let lanes = 8

    private func dot(_ row: UnsafeRawBufferPointer) -> Float {
        unsafe fold(row, SIMD8<Float>.zero) { sum, left, right in sum + left * right }.sum()
    }

    private func squaredDistance(_ row: UnsafeRawBufferPointer) -> Float {
        unsafe fold(row, SIMD8<Float>.zero) { sum, left, right in
            let difference = left - right
            return sum + difference * difference
        }.sum()
    }

    private func dotAndSquares(_ row: UnsafeRawBufferPointer) -> (Float, Float) {
        let sums = unsafe fold(row, (SIMD8<Float>.zero, SIMD8<Float>.zero)) { sums, left, right in
            (sums.0 + left * right, sums.1 + right * right)
        }
        return (sums.0.sum(), sums.1.sum())
    }

    /// Runs over query and row eight values at a time; the last ones are padded with zeros.
    @inline(__always)
    private func fold<Sum>(
        _ row: UnsafeRawBufferPointer, _ initial: Sum, _ step: (Sum, SIMD8<Float>, SIMD8<Float>) -> Sum
    ) -> Sum {
        var sum = initial
        let count = dense.count
        let whole = count / Self.lanes * Self.lanes
        unsafe dense.withUnsafeBytes { query in
            for index in stride(from: 0, to: whole, by: Self.lanes) {
                let left = unsafe query.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
                let right = unsafe row.loadUnaligned(fromByteOffset: 4 * index, as: SIMD8<Float>.self)
                sum = step(sum, left, right)
            }
        }
        if whole < count {
            var left = SIMD8<Float>.zero
            var right = SIMD8<Float>.zero
            for index in whole..<count {
                left[index - whole] = dense[index]
                right[index - whole] = unsafe row.loadUnaligned(fromByteOffset: 4 * index, as: Float.self)
            }
            sum = step(sum, left, right)
        }
        return sum
    }

    private func sparseDot(_ other: UnsafeRawBufferPointer) -> Float {
        var sum: Float = 0
        let count = unsafe SparseBytes.count(other)
        for position in 0..<count {
            guard let weight = unsafe sparse[SparseBytes.index(other, position)] else { continue }
            sum += unsafe weight * SparseBytes.value(other, position, of: count)
        }
        return sum
    }
}

/// Sparse values as the database keeps them: all indices, then all values, 4 bytes each, little-endian.
enum SparseBytes {
    static func encode(_ sparse: SparseVector) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 * sparse.indices.count)
        for index in sparse.indices { FloatBytes.append(bits: index, to: &bytes) }
        for value in sparse.values { FloatBytes.append(bits: value.bitPattern, to: &bytes) }
        return bytes
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) -> SparseVector {
        let count = unsafe count(bytes)
        return SparseVector(
            indices: (0..<count).map { unsafe index(bytes, $0) },
            values: (0..<count).map { unsafe value(bytes, $0, of: count) })
    }

    static func count(_ bytes: UnsafeRawBufferPointer) -> Int { bytes.count / 8 }

    static func index(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt32 {
        unsafe bytes.loadUnaligned(fromByteOffset: 4 * position, as: UInt32.self)
    }

    static func value(_ bytes: UnsafeRawBufferPointer, _ position: Int, of count: Int) -> Float {
        unsafe bytes.loadUnaligned(fromByteOffset: 4 * (count + position), as: Float.self)
    }
}
