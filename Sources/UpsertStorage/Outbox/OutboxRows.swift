/// Rows read together from one state of an outbox.
package struct OutboxRows: Sendable {
    /// The outbox's identity at that moment.
    package let identity: [UInt8]
    /// By seq.
    package let rows: [OutboxRow]
    /// Whether there are more rows than were asked for.
    package let hasMore: Bool
    private var records: [UInt8]

    /// Readable bytes behind every record, whatever their values.
    package static let padding = 64

    init(identity: [UInt8], rows: [OutboxRow], hasMore: Bool, records: consuming [UInt8]) {
        self.identity = identity
        self.rows = rows
        self.hasMore = hasMore
        self.records = records
        self.records.append(contentsOf: repeatElement(0, count: Self.padding))
    }

    /// The memory of the records, whose ranges then lead nowhere.
    consuming func takeRecords() -> [UInt8] { records }

    /// Bytes of all records.
    package var recordBytes: Int { records.count - Self.padding }

    /// Lends a row's record, with ``padding`` readable bytes behind it; empty where the record is NULL.
    package func withRecord<Value>(
        of row: OutboxRow, _ body: (UnsafeRawBufferPointer) throws -> Value
    ) rethrows -> Value {
        try unsafe records.withUnsafeBytes { bytes in
            try unsafe body(UnsafeRawBufferPointer(rebasing: bytes[row.record ?? 0..<0]))
        }
    }

    /// What to commit to the queue with these rows.
    package var run: OutboxRun { OutboxRun(identity: identity, keys: rows.map(\.key)) }
}
