/// What a target asks of records: decides what is valid and how a record is encoded.
@safe
package struct RecordRules: Sendable {
    package var api: RecordAPI
    package var encoding: Encoding
    /// Dense dimension of the index where known; a dense vector of another length is refused.
    package var dimension: Int?
    /// SHA-256, for ids derived from content.
    package var digest: @Sendable (UnsafeRawBufferPointer) -> [UInt8]

    /// - Precondition: Text records are in `ndjson`, vectors in `protobuf` or `packed`.
    package init(
        api: RecordAPI, encoding: Encoding, dimension: Int?,
        digest: @escaping @Sendable (UnsafeRawBufferPointer) -> [UInt8]
    ) {
        precondition(api == .records ? encoding == .ndjson : encoding.isProtobuf, "vectors are stored in protobuf")
        self.api = api
        self.encoding = encoding
        self.dimension = dimension
        unsafe self.digest = digest
    }
}

/// One valid operation, just read; its bytes are in the reader's `encoded` until the next read.
package struct ReadOperation: Sendable, Equatable {
    package var kind: OperationKind
    /// The namespace named in the record itself, normalised (`__default__` is empty); nil where it names none.
    package var namespace: String?
    /// Where the id's raw bytes are, in the reader's `id` buffer: always all of it.
    package var idLength: Int
    /// What the record counts against ``RequestLimits/weightMax``: 4 a dimension, 8 a non-zero, metadata as compact JSON; in
    /// ``Encoding/packed`` the bytes of its JSON, or a little more.
    package var weight: Int
}
