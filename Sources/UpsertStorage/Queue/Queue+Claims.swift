internal import UpsertSQLite

extension Queue {
    /// Reserves numbers for claims and submissions: durable, growing, never given twice.
    package func reserveSequences(_ count: Int) throws -> Range<Int64> {
        let next = try reading {
            let query = try connection.statement("SELECT value FROM setting WHERE name = 'next_sequence'")
            defer { query.reset() }
            return try query.step() ? query.integer(0) : 1
        }
        guard count > 0 else { return next..<next }
        let range = next..<next + Int64(count)
        try setNextSequence(range.upperBound)
        return range
    }

    /// Makes sure that numbers up to `used`, found in a spool, are not given again.
    package func skipSequences(through used: Int64) throws {
        guard try reserveSequences(0).lowerBound <= used else { return }
        try setNextSequence(used + 1)
    }

    private func setNextSequence(_ next: Int64) throws {
        try commitAdding {
            let insert = try connection.statement("INSERT OR REPLACE INTO setting VALUES ('next_sequence', ?)")
            try insert.bind(1, next)
            try insert.run()
        }
    }

    /// How far the claimed files of a spool have been accepted.
    package func claims(spool: String) throws -> [ClaimProgress] {
        try reading { try storedClaims(spool: spool) }
    }

    private func storedClaims(spool: String) throws -> [ClaimProgress] {
        let query = try connection.statement(
            """
            SELECT submission, spool, file, device, inode, offset, line, refused, errors_file, errors_length, finished,
                keeps_original
            FROM claim WHERE spool = ? ORDER BY submission
            """)
        defer { query.reset() }
        try query.bind(1, spool)
        var claims: [ClaimProgress] = []
        while try query.step() {
            var claim = ClaimProgress(
                submission: query.integer(0), spool: query.text(1), file: query.text(2),
                device: UInt64(bitPattern: query.integer(3)), inode: UInt64(bitPattern: query.integer(4)),
                offset: Int(query.integer(5)), line: Int(query.integer(6)), refused: Int(query.integer(7)),
                errorsFile: query.isNull(8) ? nil : query.text(8), errorsLength: Int(query.integer(9)),
                finished: query.integer(10) != 0)
            claim.keepsOriginal = query.integer(11) != 0
            claim.isRefusedWhole = query.integer(11) == 2
            claims.append(claim)
        }
        return claims
    }

    /// Forgets claims whose files are durably gone.
    package func forgetClaims(_ submissions: [Int64]) throws {
        guard !submissions.isEmpty else { return }
        try commitAdding {
            let delete = try connection.statement("DELETE FROM claim WHERE submission = ?")
            for submission in submissions {
                try delete.bind(1, submission)
                try delete.run()
            }
        }
    }

    /// The last run accepted from an outbox.
    package func outboxRun(_ outbox: String) throws -> OutboxRunProgress? {
        try reading {
            let query = try connection.statement("SELECT identity, rows FROM outbox_run WHERE outbox = ?")
            defer { query.reset() }
            try query.bind(1, outbox)
            guard try query.step() else { return nil }
            return OutboxRunProgress(outbox: outbox, identity: query.bytes(0), rows: query.bytes(1))
        }
    }
}
