internal import UpsertCore
package import UpsertStorage

/// What became of one submission, as the status socket tells it.
package struct ReceiptReport: Sendable, Equatable, Codable {
    /// The submission's number.
    package var number: Int64
    /// The spool's directory or the outbox's path.
    package var source: String
    /// The dropped file's name, or the range of rows.
    package var name: String
    /// RFC 3339, UTC.
    package var createdAt: String
    /// Whether the source has been taken whole.
    package var complete: Bool
    package var accepted: Int
    package var rejected: Int
    /// Replaced by a newer write while they waited.
    package var superseded: Int
    package var delivered: Int
    /// Updates and deletes of records that do not exist.
    package var noEffect: Int
    package var quarantined: Int
    /// Whether it is taken whole and every record has come to its end.
    package var settled: Bool
    /// RFC 3339, UTC; absent until it is settled.
    package var settledAt: String?

    package init(_ receipt: Receipt) {
        number = receipt.number
        source = receipt.source
        name = receipt.name
        createdAt = Timestamp.text(milliseconds: receipt.createdAt)
        complete = receipt.complete
        accepted = receipt.counts.accepted
        rejected = receipt.counts.rejected
        superseded = receipt.counts.superseded
        delivered = receipt.counts.delivered
        noEffect = receipt.counts.noEffect
        quarantined = receipt.counts.quarantined
        settled = receipt.settledAt != nil
        settledAt = receipt.settledAt.map(Timestamp.text(milliseconds:))
    }

    /// Whether any record was refused, by upsertd or by the server.
    package var hasRefusals: Bool { rejected > 0 || quarantined > 0 }
}
