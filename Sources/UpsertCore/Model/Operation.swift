/// What a record asks the index to do. The raw value is stored in the queue and never changes meaning.
package enum OperationKind: UInt8, Sendable, Hashable, CaseIterable {
    /// Writes the whole record, replacing any earlier one with the same id.
    case upsert = 0
    /// Replaces the given values and merges metadata into an existing record.
    case update = 1
    /// Removes the record.
    case delete = 2

    /// The word used in files, logs and metrics.
    package var name: String {
        switch self {
        case .upsert: "upsert"
        case .update: "update"
        case .delete: "delete"
        }
    }
}

/// The form in which a record's bytes are stored in the queue and sent. The raw value is stored and never changes meaning.
package enum Encoding: UInt8, Sendable, Hashable, CaseIterable {
    /// Protobuf as gRPC sends it: an upsert is `UpsertRequest.vectors` (tag 0x0a, length, `Vector`), a delete is
    /// `DeleteRequest.ids` (tag 0x0a, length, id), an update is the whole `UpdateRequest` without its namespace.
    case protobuf = 0
    /// Compact JSON as `/vectors/…` takes it: an upsert is one vector object, a delete is one JSON string, each followed by a
    /// comma; an update is one object without its namespace, without a comma.
    ///
    /// What REST sends. Nothing is stored in it any more (decision 0009); a queue of schema 3 may still hold some.
    case json = 1
    /// One compact JSON object and a newline, as `/records/namespaces/…/upsert` takes it. Deletes are as in ``json``.
    case ndjson = 2
    /// The bytes of ``protobuf``, for a transport that sends ``json``: written as such when it is sent. A record's weight is the
    /// bytes that it then has, or a little more.
    case packed = 3

    /// Whether the bytes are protobuf messages.
    package var isProtobuf: Bool { self == .protobuf || self == .packed }
    /// How many times as large as the stored bytes a request may be that is written from them.
    package var expansionMax: Int { self == .packed ? 4 : 1 }
}

/// The kind of index a target is, which decides what a record may contain.
package enum RecordAPI: String, Sendable, Hashable {
    /// Records bring their own dense or sparse values.
    case vectors
    /// Records bring text that the service embeds (integrated embedding).
    case records
}
