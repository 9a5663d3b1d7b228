internal import UpsertCore
internal import UpsertSQLite

extension Queue {
    func quarantineEntry(_ batch: Batch, _ index: Int, _ reason: String, _ now: Int64) -> QuarantineEntry {
        let place = batch.places[index]
        let record = batch.record(index)
        return QuarantineEntry(
            number: 0, target: batch.target, namespace: batch.namespace,
            id: RecordID.text(of: record, batch.operation, batch.encoding), operation: batch.operation, reason: reason,
            quarantinedAt: now, superseded: false, data: Array(record), encoding: batch.encoding, lane: batch.lane,
            submission: window.submission(of: place) ?? 0, key: batch.key(index), weight: batch.weight,
            acceptedAt: batch.oldestAcceptedAt)
    }

    func quarantineEntry(_ row: RefusedRow, now: Int64) -> QuarantineEntry {
        let name = lanes.first { $0.value == row.lane }?.key
        return QuarantineEntry(
            number: 0, target: name?.target ?? "", namespace: name?.namespace ?? "", id: row.id, operation: .upsert,
            reason: row.reason, quarantinedAt: now, superseded: false, data: row.data, encoding: nil, lane: row.lane,
            submission: row.submission, key: hasher.key(lane: row.lane, id: Array(row.id.utf8)), weight: 0,
            acceptedAt: now)
    }

    func insert(_ entry: QuarantineEntry) throws {
        let insert = try connection.statement(
            """
            INSERT INTO quarantine (lane, submission, operation, encoding, key_high, key_low, id, reason, quarantined_at,
                accepted_at, weight, superseded, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        let numbers = [
            entry.lane, entry.submission, Int64(entry.operation.rawValue),
            entry.encoding.map { Int64($0.rawValue) } ?? -1,
            entry.key.storedHigh, entry.key.storedLow,
        ]
        for (index, number) in numbers.enumerated() { try insert.bind(Int32(index + 1), number) }
        try insert.bind(7, entry.id)
        try insert.bind(8, entry.reason)
        try insert.bind(9, entry.quarantinedAt)
        try insert.bind(10, entry.acceptedAt)
        try insert.bind(11, Int64(entry.weight))
        // A newer version that waits behind this one makes it obsolete at once.
        try insert.bind(12, window.newestWaiting(entry.key) == nil ? 0 : 1)
        try insert.bind(13, entry.data)
        try insert.run()
    }

    /// Quarantined records, oldest first.
    ///
    /// - Parameters:
    ///   - after: Only rows with a higher number, for paging.
    ///   - limit: At most this many rows.
    package func quarantine(after: Int64 = 0, limit: Int = 1_000) throws -> [QuarantineEntry] {
        let query = try connection.statement(Self.selectQuarantine + " WHERE quarantine.number > ? ORDER BY 1 LIMIT ?")
        defer { query.reset() }
        try query.bind(1, after)
        try query.bind(2, Int64(limit))
        var entries: [QuarantineEntry] = []
        while try query.step() { entries.append(entry(query)) }
        return entries
    }

    /// One quarantined record.
    ///
    /// - Throws: ``QueueError`` with code `notFound`.
    package func quarantine(number: Int64) throws -> QuarantineEntry {
        let query = try connection.statement(Self.selectQuarantine + " WHERE quarantine.number = ?")
        defer { query.reset() }
        try query.bind(1, number)
        guard try query.step() else { throw QueueError(.notFound, "there is no quarantined record \(number)") }
        return entry(query)
    }

    /// Puts a quarantined record back into the queue, as the newest write for its id.
    ///
    /// - Parameter force: Also when a newer write for the same id was accepted since, which the old one then overwrites.
    /// - Throws: ``QueueError`` with code `notFound` or `refused`.
    package func retryQuarantined(number: Int64, force: Bool, now: Int64) throws {
        let entry = try quarantine(number: number)
        guard force || !entry.superseded else {
            throw QueueError(
                .refused,
                "record \(number) (id \(entry.id)) is superseded by a newer write; retry it with --force to overwrite that"
            )
        }
        guard let encoding = entry.encoding else {
            throw QueueError(
                .refused, "record \(number) is not valid (\(entry.reason)); export it, mend it, and submit it again")
        }
        let counts = SubmissionCounts(quarantined: -1)
        let sequence = try connection.transaction {
            try deleteQuarantined(entry, counts, now: now)
            return try requeue(entry, encoding, now: now)
        }
        forgetQuarantined(entry)
        var directory = ChunkDirectory()
        directory.append(key: entry.key, end: entry.data.count, weight: entry.weight)
        let chunk = ChunkState(
            sequence: sequence, lane: entry.lane, operation: entry.operation, encoding: encoding,
            submission: entry.submission, acceptedAt: now, records: 1, bytes: entry.data.count,
            done: Bitmap(count: 1), found: false)
        window.append(chunk, keys: directory.keys, now: now)
    }

    /// Deletes a quarantined record for good.
    ///
    /// - Throws: ``QueueError`` with code `notFound`.
    package func dropQuarantined(number: Int64, now: Int64) throws {
        let entry = try quarantine(number: number)
        var changed = totals
        changed.droppedRecords += 1
        try connection.transaction {
            try deleteQuarantined(entry, SubmissionCounts(), now: now)
            try changed.store(connection)
        }
        totals = changed
        forgetQuarantined(entry)
    }

    private func requeue(_ entry: QuarantineEntry, _ encoding: Encoding, now: Int64) throws -> Int64 {
        var chunk = AcceptTransaction.Chunk(
            lane: entry.lane, submission: entry.submission, operation: entry.operation, encoding: encoding)
        chunk.payload = entry.data
        chunk.directory.append(key: entry.key, end: entry.data.count, weight: entry.weight)
        guard let sequence: Int64 = try insertChunk(chunk, now: now) else {
            throw QueueError(.unusable, "record \(entry.number) could not be stored again")
        }
        return sequence
    }

    private func deleteQuarantined(_ entry: QuarantineEntry, _ counts: SubmissionCounts, now: Int64) throws {
        let delete = try connection.statement("DELETE FROM quarantine WHERE number = ?")
        try delete.bind(1, entry.number)
        try delete.run()
        try add(counts, to: entry.submission, now: now)
    }

    private func forgetQuarantined(_ entry: QuarantineEntry) {
        quarantinedCurrent -= 1
        quarantinedKeys.remove(entry.key)
    }

    private static let selectQuarantine = """
        SELECT quarantine.number, lane, submission, operation, encoding, key_high, key_low, id, reason, quarantined_at,
            accepted_at, weight, superseded, data, target, namespace
        FROM quarantine JOIN lane ON lane.number = quarantine.lane
        """

    private func entry(_ query: Statement) -> QuarantineEntry {
        QuarantineEntry(
            number: query.integer(0), target: query.text(14), namespace: query.text(15), id: query.text(7),
            operation: OperationKind(rawValue: UInt8(clamping: query.integer(3))) ?? .upsert, reason: query.text(8),
            quarantinedAt: query.integer(9), superseded: query.integer(12) != 0, data: query.bytes(13),
            encoding: UInt8(exactly: query.integer(4)).flatMap(Encoding.init), lane: query.integer(1),
            submission: query.integer(2), key: RecordKey(stored: query.integer(5), query.integer(6)),
            weight: Int(query.integer(11)), acceptedAt: query.integer(10))
    }
}

extension SubmissionCounts {
    init(quarantined: Int) {
        self.init()
        self.quarantined = quarantined
    }
}
