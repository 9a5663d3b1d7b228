package import UpsertCore
internal import UpsertSQLite

/// What became of one submission.
package struct Receipt: Sendable, Equatable {
    /// The submission's number.
    package var number: Int64
    package var source: String
    package var name: String
    /// Unix milliseconds.
    package var createdAt: Int64
    /// Whether the source has been taken whole.
    package var complete: Bool
    package var counts: SubmissionCounts
    /// Unix milliseconds at which its last record settled; nil while some have not.
    package var settledAt: Int64?
}

extension Queue {
    /// The receipt with this number, or the newest one of a submission with this name.
    package func receipt(_ id: String) throws -> Receipt? { try reading { try storedReceipt(id) } }

    private func storedReceipt(_ id: String) throws -> Receipt? {
        let columns = """
            SELECT number, source, name, created_at, complete, accepted, rejected, superseded, delivered, no_effect,
                quarantined, settled_at FROM submission
            """
        let query = try connection.statement(columns + " WHERE number = ?1 OR name = ?2 ORDER BY number DESC LIMIT 1")
        defer { query.reset() }
        try query.bind(1, Int64(id))
        try query.bind(2, id)
        guard try query.step() else { return nil }
        var counts = SubmissionCounts()
        counts.accepted = Int(query.integer(5))
        counts.rejected = Int(query.integer(6))
        counts.superseded = Int(query.integer(7))
        counts.delivered = Int(query.integer(8))
        counts.noEffect = Int(query.integer(9))
        counts.quarantined = Int(query.integer(10))
        return Receipt(
            number: query.integer(0), source: query.text(1), name: query.text(2), createdAt: query.integer(3),
            complete: query.integer(4) != 0, counts: counts, settledAt: query.isNull(11) ? nil : query.integer(11))
    }
}
