internal import UpsertCore
internal import UpsertSQLite

/// What a check of a queue has found.
package struct QueueCheck: Sendable, Equatable {
    /// What is wrong, one sentence each; empty for a sound queue.
    package var findings: [String] = []
    package var chunks = 0
    /// Records that wait, as a start would find them.
    package var waiting = 0
    package var quarantined = 0

    /// Findings listed at most.
    static let findingsMax = 100

    mutating func found(_ finding: String) {
        if findings.count < Self.findingsMax { findings.append(finding) }
    }
}

extension StoppedQueue {
    /// Checks everything: the database's structure, every chunk against its directory and checksum, what belongs together,
    /// and that all that was accepted is accounted for. Changes nothing.
    package func check() -> QueueCheck {
        var check = QueueCheck()
        do {
            let connection = try openToRead()
            try checkStructure(connection, &check)
            attempt("rows", &check) { try checkRows(connection, &$0) }
            attempt("chunks", &check) { try checkChunks(connection, &$0) }
            attempt("accounts", &check) { try checkAccounts(connection, &$0) }
        } catch {
            check.found("the file cannot be read as a queue: \(error)")
        }
        return check
    }

    private func attempt(_ what: String, _ check: inout QueueCheck, _ body: (inout QueueCheck) throws -> Void) {
        do { try body(&check) } catch let damage as QueueDamage {
            check.found(damage.what)
        } catch {
            check.found("\(what) cannot be read: \(error)")
        }
    }

    private func checkStructure(_ connection: Connection, _ check: inout QueueCheck) throws {
        let version = Int(try connection.integer("PRAGMA user_version"))
        guard version > 0 else { throw QueueDamage("it has no schema") }
        if version > QueueFile.migrations.count {
            check.found("it was written by a newer upsertd (schema \(version))")
        }
        let query = try connection.statement("PRAGMA integrity_check(\(QueueCheck.findingsMax))")
        defer { query.reset() }
        while try query.step() {
            let line = query.text(0)
            if line != "ok" { check.found("database: \(line)") }
        }
    }

    /// Rows that belong to others which are not there.
    private func checkRows(_ connection: Connection, _ check: inout QueueCheck) throws {
        let rules = [
            ("payloads without a chunk", "payload WHERE chunk NOT IN (SELECT sequence FROM chunk)"),
            ("chunks without a payload", "chunk WHERE sequence NOT IN (SELECT chunk FROM payload)"),
            ("progress without a chunk", "progress WHERE chunk NOT IN (SELECT sequence FROM chunk)"),
            ("chunks without a lane", "chunk WHERE lane NOT IN (SELECT number FROM lane)"),
            ("quarantined records without a lane", "quarantine WHERE lane NOT IN (SELECT number FROM lane)"),
        ]
        for (what, rows) in rules {
            let count = try connection.integer("SELECT count(*) FROM \(rows)")
            if count > 0 { check.found("\(count) \(what)") }
        }
        if try connection.integer("SELECT count(*) FROM total") != 1 {
            check.found("table total has not exactly one row")
        }
    }

    private func checkChunks(_ connection: Connection, _ check: inout QueueCheck) throws {
        var sequences: [Int64] = []
        let query = try connection.statement("SELECT sequence FROM chunk ORDER BY sequence")
        while try query.step() { sequences.append(query.integer(0)) }
        query.reset()
        check.chunks = sequences.count
        for sequence in sequences {
            do {
                let content = try StoredChunk.content(of: sequence, connection)
                let records = try StoredChunk.head(of: sequence, connection)?.records
                if records != content.directory.count {
                    check.found("chunk \(sequence): its directory has another number of records than its row")
                }
            } catch let damage as QueueDamage {
                check.found(damage.what)
            } catch {
                check.found("chunk \(sequence) cannot be read: \(error)")
            }
        }
    }

    /// accepted = delivered + coalesced + no effect + dropped + quarantined + queued.
    private func checkAccounts(_ connection: Connection, _ check: inout QueueCheck) throws {
        try connection.execute("BEGIN")
        // Reading back deletes holds that have ended; nothing of that stays.
        defer { try? connection.execute("ROLLBACK") }
        var window = Window(indexRecordsMax: .max)
        let recovered = try QueueRecovery.read(connection, into: &window, found: false, now: 0)
        check.waiting = window.queuedRecords
        check.quarantined = recovered.quarantinedCurrent
        let totals = recovered.totals
        let accounted =
            totals.deliveredRecords + totals.coalescedRecords + window.supersededUnsaved + totals.noEffectRecords
            + totals.droppedRecords + recovered.quarantinedCurrent + window.queuedRecords
        if accounted != totals.acceptedRecords {
            check.found("\(totals.acceptedRecords) records were accepted, but \(accounted) are accounted for")
        }
    }
}
