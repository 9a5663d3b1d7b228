internal import UpsertCore
internal import UpsertSQLite

/// The statements that accept and settle commits share. All run inside the caller's transaction.
extension Queue {
    /// Stores which records of chunks are done and deletes chunks that are.
    func save(_ unsaved: Window.Unsaved, now: Int64) throws {
        for changed in unsaved.changed { try saveProgress(changed.sequence, changed.done) }
        for dead in unsaved.dead {
            for table in [
                "DELETE FROM chunk WHERE sequence = ?", "DELETE FROM payload WHERE chunk = ?",
                "DELETE FROM progress WHERE chunk = ?",
            ] {
                let delete = try connection.statement(table)
                try delete.bind(1, dead.sequence)
                try delete.run()
            }
        }
        for hold in unsaved.holds { try save(hold) }
        for (submission, count) in unsaved.superseded {
            var counts = SubmissionCounts()
            counts.superseded = count
            try add(counts, to: submission, now: now)
        }
    }

    /// Stores until when a key is held; an earlier hold that lasts longer stands.
    func save(_ hold: (lane: LaneNumber, key: RecordKey, until: Int64)) throws {
        let insert = try connection.statement(
            """
            INSERT INTO hold VALUES (?, ?, ?, ?)
            ON CONFLICT (key_high, key_low) DO UPDATE SET until = max(until, excluded.until)
            """)
        try insert.bind(1, hold.lane)
        try insert.bind(2, hold.key.storedHigh)
        try insert.bind(3, hold.key.storedLow)
        try insert.bind(4, hold.until)
        try insert.run()
    }

    func saveProgress(_ sequence: Int64, _ done: [UInt8]) throws {
        let insert = try connection.statement("INSERT OR REPLACE INTO progress VALUES (?, ?)")
        try insert.bind(1, sequence)
        try insert.bind(2, done)
        try insert.run()
    }

    /// Stores what an accept commit says of its sources.
    func save(
        _ acceptance: Acceptance, counts: [Int64: SubmissionCounts], merges: UpdateMerges, now: Int64
    ) throws {
        for submission in acceptance.submissions {
            let insert = try connection.statement(
                "INSERT OR IGNORE INTO submission (number, source, name, created_at) VALUES (?, ?, ?, ?)")
            try insert.bind(1, submission.number)
            try insert.bind(2, submission.source)
            try insert.bind(3, submission.name)
            try insert.bind(4, now)
            try insert.run()
            if submission.complete {
                let complete = try connection.statement("UPDATE submission SET complete = 1 WHERE number = ?")
                try complete.bind(1, submission.number)
                try complete.run()
            }
            var change = counts[submission.number] ?? SubmissionCounts()
            change.rejected += submission.rejected
            change.noEffect += merges.noEffect[submission.number] ?? 0
            let refused = acceptance.refusedRows.count { $0.submission == submission.number }
            change.accepted += refused
            change.quarantined += refused
            try add(change, to: submission.number, now: now)
        }
        for claim in acceptance.claims { try save(claim) }
        for number in acceptance.forget {
            let delete = try connection.statement("DELETE FROM claim WHERE submission = ?")
            try delete.bind(1, number)
            try delete.run()
        }
        if let run = acceptance.outboxRun {
            let insert = try connection.statement("INSERT OR REPLACE INTO outbox_run VALUES (?, ?, ?)")
            try insert.bind(1, run.outbox)
            try insert.bind(2, run.identity)
            try insert.bind(3, run.rows)
            try insert.run()
        }
    }

    /// Adds to a submission's counts and notes the moment when all of its records are settled.
    func add(_ counts: SubmissionCounts, to submission: Int64, now: Int64) throws {
        let update = try connection.statement(
            """
            UPDATE submission SET accepted = accepted + ?2, rejected = rejected + ?3, superseded = superseded + ?4,
                delivered = delivered + ?5, no_effect = no_effect + ?6, quarantined = quarantined + ?7,
                settled_at = CASE WHEN complete AND accepted + ?2 = superseded + ?4 + delivered + ?5 + no_effect + ?6
                    + quarantined + ?7 THEN coalesce(settled_at, ?8) END
            WHERE number = ?1
            """)
        try update.bind(1, submission)
        let values = [
            counts.accepted, counts.rejected, counts.superseded, counts.delivered, counts.noEffect, counts.quarantined,
        ]
        for (index, value) in values.enumerated() { try update.bind(Int32(index + 2), Int64(value)) }
        try update.bind(8, now)
        try update.run()
    }

    private func save(_ claim: ClaimProgress) throws {
        let insert = try connection.statement(
            "INSERT OR REPLACE INTO claim VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        try insert.bind(1, claim.submission)
        try insert.bind(2, claim.spool)
        try insert.bind(3, claim.file)
        try insert.bind(4, Int64(bitPattern: claim.device))
        try insert.bind(5, Int64(bitPattern: claim.inode))
        try insert.bind(6, Int64(claim.offset))
        try insert.bind(7, Int64(claim.line))
        try insert.bind(8, Int64(claim.refused))
        try insert.bind(9, claim.errorsFile)
        try insert.bind(10, Int64(claim.errorsLength))
        try insert.bind(11, claim.finished ? 1 : 0)
        try insert.bind(12, claim.isRefusedWhole ? 2 : claim.keepsOriginal ? 1 : 0)
        try insert.run()
    }
}
