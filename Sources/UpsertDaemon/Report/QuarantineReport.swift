internal import UpsertCore
package import UpsertStorage

/// One quarantined record, as the status socket tells it.
package struct QuarantineReport: Sendable, Equatable, Codable {
    package var number: Int64
    package var target: String
    package var namespace: String
    package var id: String
    /// `upsert`, `update` or `delete`.
    package var operation: String
    /// The server's words.
    package var reason: String
    /// The reason without what differs from record to record; the same for all that have the same fault.
    package var reasonGroup: String
    /// RFC 3339, UTC.
    package var quarantinedAt: String
    /// RFC 3339, UTC.
    package var acceptedAt: String
    /// Whether a newer write for the same id was accepted since.
    package var superseded: Bool
    /// Encoded bytes.
    package var bytes: Int

    package init(_ entry: QuarantineEntry) {
        number = entry.number
        target = entry.target
        namespace = entry.namespace
        id = entry.id
        operation = entry.operation.name
        reason = entry.reason
        reasonGroup = RefusalReason.normalised(entry.reason)
        quarantinedAt = Timestamp.text(milliseconds: entry.quarantinedAt)
        acceptedAt = Timestamp.text(milliseconds: entry.acceptedAt)
        superseded = entry.superseded
        bytes = entry.bytes
    }
}

/// Some of the quarantined records, oldest first.
package struct QuarantinePage: Sendable, Equatable, Codable {
    package var quarantine: [QuarantineReport]
    /// Ask for what is after this number; absent on the last page.
    package var nextAfter: Int64?

    package init(_ quarantine: [QuarantineReport], nextAfter: Int64? = nil) {
        self.quarantine = quarantine
        self.nextAfter = nextAfter
    }
}
