/// The service's documented limits that a record is checked against before it is accepted.
///
/// Source: docs.pinecone.io "Database limits" (operation, identifier and rate limits), API version 2026-07. Only what every
/// known reading of a limit refuses is refused here; what is unknown goes to the server.
package enum RecordLimits {
    /// Characters of a record id, 1…512, ASCII except NUL.
    package static let idBytesMax = 512
    /// Characters of a namespace, ASCII except NUL; the empty one is the default namespace.
    package static let namespaceBytesMax = 512
    /// Dense dimensions.
    package static let dimensionMax = 20_000
    /// Non-zero values of a sparse vector.
    package static let sparseValuesMax = 2_048
    /// Metadata bytes per record; refused only when both compact JSON and protobuf `Struct` exceed it.
    package static let metadataBytesMax = 40_960
    /// A dense vector needs at least one element of at least this magnitude.
    package static let magnitudeMin: Float = 1e-8
    /// Depth of nested JSON that is read at all.
    package static let depthMax = 64
}

/// How large one request may be, for one encoding and operation.
package struct RequestLimits: Sendable, Hashable {
    /// Records (or ids) in one request.
    package var recordsMax: Int
    /// Sum of the records' weights; see ``ReadOperation/weight``.
    package var weightMax: Int
    /// Bytes of the encoded request, payload and envelope.
    package var bytesMax: Int

    package init(recordsMax: Int, weightMax: Int, bytesMax: Int) {
        self.recordsMax = recordsMax
        self.weightMax = weightMax
        self.bytesMax = bytesMax
    }

    /// Bytes kept free for the request's envelope (namespace field or JSON wrapper): a namespace of 512 bytes, escaped.
    package static let envelopeBytes = 3_200

    /// The published bounds.
    ///
    /// gRPC counts 4 bytes a dimension, 8 a non-zero and metadata as compact JSON against 2,000,000, which gives the
    /// vendor's own sizing table exactly, and caps the encoded request at 2,080,000 bytes; REST counts the body.
    package static func published(_ encoding: Encoding, _ operation: OperationKind) -> RequestLimits {
        switch (operation, encoding) {
        case (.update, _): RequestLimits(recordsMax: 1, weightMax: .max, bytesMax: 2_000_000)
        case (.delete, _): RequestLimits(recordsMax: 1_000, weightMax: .max, bytesMax: 2_000_000)
        case (.upsert, .protobuf): RequestLimits(recordsMax: 1_000, weightMax: 2_000_000, bytesMax: 2_080_000)
        case (.upsert, .json): RequestLimits(recordsMax: 1_000, weightMax: .max, bytesMax: 2_000_000)
        // The stored bytes may be more than their JSON: a zero takes four against two.
        case (.upsert, .packed):
            RequestLimits(recordsMax: 1_000, weightMax: 2_000_000 - envelopeBytes, bytesMax: 2_080_000)
        case (.upsert, .ndjson): RequestLimits(recordsMax: 96, weightMax: .max, bytesMax: 2_000_000)
        }
    }
}
