package import UpsertCore

/// One row of an outbox as a producer inserted it; its record lies in the ``OutboxRows`` that it came with.
package struct OutboxRow: Sendable, Equatable {
    package var key: OutboxKey
    /// Raw bytes, as are ``operation`` and ``id``: nothing in an outbox is trusted.
    package var namespace: [UInt8]
    package var operation: [UInt8]
    package var id: [UInt8]?
    /// Where the record lies; nil for NULL.
    package var record: Range<Int>?
    /// Bytes of the record in the table; more than ``record`` has where it is above the cap.
    package var recordBytes: Int

    /// What the columns ask for, checked.
    ///
    /// An empty column says nothing: the namespace is then the outbox's configured one. `op` is what the record's own `op`
    /// overrides, and its own `namespace` likewise; an `id` must equal the record's own, which the record reader checks.
    ///
    /// - Throws: A ``Rejection`` with the column as pointer.
    package func request() throws(Rejection) -> OutboxRequest {
        let name = Self.shown(operation)
        guard let kind = OperationKind.allCases.first(where: { $0.name == name }) else {
            throw Rejection(
                .unsupportedOperation, at: "/op", "op must be upsert, update or delete, is \"\(name)\"", id: shownID)
        }
        var space: String?
        if !namespace.isEmpty {
            switch Namespace.normalised(namespace) {
            case .success(let normalised): space = normalised
            case .failure(var rejection):
                rejection.id = shownID
                throw rejection
            }
        }
        if let record, recordBytes > record.count {
            throw Rejection(
                .tooLong, at: "/record", "the record has \(recordBytes) bytes; the limit is \(record.count)",
                id: shownID)
        }
        if record != nil {
            return OutboxRequest(namespace: space, content: .record(RecordColumns(operation: kind, id: id)))
        }
        guard kind == .delete else {
            throw Rejection(.missingField, at: "/record", "op \"\(name)\" needs a record", id: shownID)
        }
        guard let id else { throw Rejection(.missingField, at: "/id", "op \"delete\" needs an id or a record") }
        return OutboxRequest(namespace: space, content: .deletion(id: id))
    }

    private var shownID: String? { id.map { Self.shown(Array($0.prefix(RecordLimits.idBytesMax))) } }

    private static func shown(_ bytes: [UInt8]) -> String { String(decoding: bytes.prefix(600), as: UTF8.self) }
}

/// What a row asks for, in the terms of the record reader.
package struct OutboxRequest: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        /// Read the row's record with these columns (`RecordReader.read(_:columns:)`).
        case record(RecordColumns)
        /// Delete this id (`RecordReader.delete(id:)`).
        case deletion(id: [UInt8])
    }

    /// The column's namespace, normalised: empty for `__default__`, nil where the column is empty.
    package var namespace: String?
    package var content: Content

    package init(namespace: String?, content: Content) {
        self.namespace = namespace
        self.content = content
    }
}
