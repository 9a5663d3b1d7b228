package import UpsertCore

/// A record that the server refused.
package struct QuarantineEntry: Sendable {
    /// Row in the quarantine; 0 before it is stored.
    package var number: Int64
    package var target: String
    package var namespace: String
    package var id: String
    package var operation: OperationKind
    /// The server's words.
    package var reason: String
    /// Unix milliseconds.
    package var quarantinedAt: Int64
    /// Unix milliseconds.
    package var acceptedAt: Int64
    /// Whether a newer write for the same id was accepted since.
    package var superseded: Bool
    /// Bytes of `data`.
    package var bytes: Int
    /// The record in its stored encoding, or as it was submitted; empty in a list.
    package var data: [UInt8]
    /// How `data` is encoded; nil for an outbox row that is no valid record, which is kept as it was submitted.
    package var encoding: Encoding?

    var lane: LaneNumber
    var submission: Int64
    var key: RecordKey
    var weight: Int
}
