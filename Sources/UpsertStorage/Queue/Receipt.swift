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
    package func receipt(_ id: String) throws -> Receipt? {
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

    /// Deletes holds that have ended and receipts of settled submissions older than 24 hours or beyond the newest 100,000, and gives the space
    /// of a drained queue back to the file system. Bounded work: at most 10,000 receipts and 8 MB a call.
    package func maintain(now: Int64) throws {
        let old = try connection.statement(
            """
            DELETE FROM submission WHERE number IN (SELECT number FROM submission WHERE settled_at IS NOT NULL
                AND (settled_at < ?1 OR number <= (SELECT max(number) FROM submission) - 100000) LIMIT 10000)
            """)
        try old.bind(1, now - 24 * 3_600_000)
        try old.run()
        let ended = try connection.statement("DELETE FROM hold WHERE until <= ?")
        try ended.bind(1, now)
        try ended.run()
        let free = try connection.integer("PRAGMA freelist_count")
        let pages = try connection.integer("PRAGMA page_count")
        // Giving pages back one by one moves live ones about, at 150 µs and 66 KB written each (decision 0001); rewriting
        // a file that holds next to nothing costs 20 ms. So the file shrinks when the queue has drained.
        if free > 256, pages - free < 256 { try connection.execute("VACUUM") }
    }
}
