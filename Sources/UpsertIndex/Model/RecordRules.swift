/// Which records and identifiers the service takes; every check throws its refusal.
struct RecordRules: Sendable {
    /// 0 for a sparse index.
    let dimension: Int
    let metric: Metric

    /// A record of `/vectors/upsert`.
    func check(_ record: VectorRecord) throws {
        try Self.checkID(record.id)
        if dimension == 0, record.dense.isEmpty, record.sparse == nil {
            throw ServiceError.invalid("Sparse vector must contain at least one value")
        }
        if !record.dense.isEmpty || dimension > 0 { try checkDense(record.dense) }
        if let sparse = record.sparse { try checkSparse(sparse) }
        try MetadataRules.checkSize(record.metadata.count)
    }

    /// Dense values, whether of a record, an update or a query.
    func checkDense(_ dense: ArraySlice<UInt8>, of what: String = "Vector") throws {
        guard dimension > 0 else { throw ServiceError.invalid("Index configuration does not support dense values") }
        guard dense.count == 4 * dimension else {
            throw ServiceError.invalid(
                "\(what) dimension \(dense.count / 4) does not match the dimension of the index \(dimension)")
        }
        let found = FloatBytes.inspect(dense)
        guard found.isFinite else { throw ServiceError.invalid("Dense vectors must contain only finite values") }
        guard found.hasNonZero else {
            throw ServiceError.invalid("Dense vectors must contain at least one non-zero value")
        }
    }

    func checkSparse(_ sparse: SparseVector) throws {
        guard metric == .dotproduct else {
            throw ServiceError.invalid("Index configuration does not support sparse values")
        }
        guard sparse.indices.count == sparse.values.count else {
            throw ServiceError.invalid(
                "Sparse vector must have the same number of indices and values, got \(sparse.indices.count) indices "
                    + "and \(sparse.values.count) values")
        }
        guard !sparse.indices.isEmpty else {
            throw ServiceError.invalid("Sparse vector must contain at least one value")
        }
        guard sparse.indices.count <= IndexLimits.sparseValues else {
            throw ServiceError.invalid(
                "Sparse vector has \(sparse.indices.count) values, which exceeds the limit of "
                    + "\(IndexLimits.sparseValues)")
        }
        guard sparse.values.allSatisfy(\.isFinite) else {
            throw ServiceError.invalid("Sparse vectors must contain only finite values")
        }
    }

    static func checkID(_ id: String) throws {
        guard !id.isEmpty else { throw ServiceError.invalid("Vector ID must not be empty") }
        guard id.utf8.allSatisfy({ $0 < 0x80 }) else { throw ServiceError.invalid("Vector ID must be ASCII") }
        guard !id.utf8.contains(0) else { throw ServiceError.invalid("Vector ID must not contain null character") }
        guard id.utf8.count <= IndexLimits.idBytes else {
            throw ServiceError.invalid(
                "Vector ID is \(id.utf8.count) characters, which exceeds the limit of \(IndexLimits.idBytes)")
        }
    }

    static func checkNamespace(_ name: String) throws {
        guard name.utf8.allSatisfy({ $0 < 0x80 && $0 != 0 }) else {
            throw ServiceError.invalid("Namespace must be ASCII and must not contain null character")
        }
        guard name.utf8.count <= IndexLimits.namespaceBytes else {
            throw ServiceError.invalid(
                "Namespace is \(name.utf8.count) characters, which exceeds the limit of "
                    + "\(IndexLimits.namespaceBytes)")
        }
    }

    /// Message size as the gRPC server's decoder judges it, before anything is read.
    static func checkMessage(bytes: Int) throws {
        guard bytes > IndexLimits.messageBytes else { return }
        throw ServiceError(
            code: .outOfRange,
            message: "Error, decoded message length too large: found \(bytes) bytes, the limit is: "
                + "\(IndexLimits.messageBytes) bytes")
    }

    /// Size of an upsert's data, by the documentation's reckoning.
    static func checkPayload(bytes: Int) throws {
        guard bytes > IndexLimits.upsertPayloadBytes else { return }
        let megabytes = (bytes + 999_999) / 1_000_000
        throw ServiceError.invalid("Request size \(megabytes)MB exceeds the maximum supported size of 2MB")
    }
}
