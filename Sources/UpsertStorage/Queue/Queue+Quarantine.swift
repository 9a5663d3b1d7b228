internal import UpsertCore
internal import UpsertSQLite

extension Queue {
    func quarantineEntry(_ batch: Batch, _ index: Int, _ reason: String, _ now: Int64) -> QuarantineEntry {
        let record = Array(batch.record(index))
        return QuarantineEntry(
            number: 0, target: batch.target, namespace: batch.namespace,
            id: RecordID.text(of: record[...], batch.operation, batch.encoding), operation: batch.operation,
            reason: reason, quarantinedAt: now, acceptedAt: batch.oldestAcceptedAt, superseded: false,
            bytes: record.count, data: record, encoding: batch.encoding, lane: batch.lane,
            submission: window.submission(of: batch.places[index]) ?? 0, key: batch.key(index),
            weight: batch.part(index..<index + 1).weight)
    }

    func quarantineEntry(_ row: RefusedRow, now: Int64) -> QuarantineEntry {
        let name = window.lane(row.lane)
        return QuarantineEntry(
            number: 0, target: name?.target ?? "", namespace: name?.namespace ?? "", id: row.id, operation: .upsert,
            reason: row.reason, quarantinedAt: now, acceptedAt: now, superseded: false, bytes: row.data.count,
            data: row.data, encoding: nil, lane: row.lane, submission: row.submission,
            key: hasher.key(lane: row.lane, id: Array(row.id.utf8)), weight: 0)
    }

    /// Marks those records, just refused by the server, behind which a newer version waits: they are obsolete at once.
    ///
    /// Versions beyond the index's bound are not known in memory, so they are looked for on disk.
    func markSuperseded(_ entries: inout [QuarantineEntry]) throws {
        for index in entries.indices { entries[index].superseded = window.hasVersion(of: entries[index].key) }
        let open = Dictionary(grouping: entries.indices.filter { !entries[$0].superseded }) { entries[$0].lane }
        for (lane, indices) in open {
            for sequence in window.coldSequences(of: lane) {
                let keys = Set(try directory(sequence).keys)
                for index in indices where keys.contains(entries[index].key) { entries[index].superseded = true }
            }
        }
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
        try insert.bind(12, entry.superseded ? 1 : 0)
        try insert.bind(13, entry.data)
        try insert.run()
    }

    /// Notes entries that a commit has stored.
    func quarantined(_ entries: [QuarantineEntry]) {
        for entry in entries {
            if !entry.superseded { quarantinedKeys.insert(entry.key) }
            quarantinedByTarget[entry.target, default: 0] += 1
        }
    }

    /// Quarantined records without their content, oldest first.
    ///
    /// - Parameters:
    ///   - after: Only rows with a higher number, for paging.
    ///   - limit: At most this many rows.
    /// - Throws: ``QueueError``.
    package func quarantine(after: Int64 = 0, limit: Int = 1_000) throws -> [QuarantineEntry] {
        try reading {
            let query = try connection.statement(
                Self.selectQuarantine("x''") + " WHERE quarantine.number > ? ORDER BY 1 LIMIT ?")
            defer { query.reset() }
            try query.bind(1, after)
            try query.bind(2, Int64(limit))
            var entries: [QuarantineEntry] = []
            while try query.step() { entries.append(QuarantineEntry(query)) }
            return entries
        }
    }

    /// One quarantined record.
    ///
    /// - Throws: ``QueueError``, with code `notFound` where there is none.
    package func quarantine(number: Int64) throws -> QuarantineEntry {
        try reading {
            let query = try connection.statement(Self.selectQuarantine("data") + " WHERE quarantine.number = ?")
            defer { query.reset() }
            try query.bind(1, number)
            guard try query.step() else { throw QueueError(.notFound, "there is no quarantined record \(number)") }
            return QuarantineEntry(query)
        }
    }

    /// Rows as ``QuarantineEntry/init(_:)`` reads them, with `content` as their content.
    static func selectQuarantine(_ content: String) -> String {
        """
        SELECT quarantine.number, lane, submission, operation, encoding, key_high, key_low, id, reason, quarantined_at,
            accepted_at, weight, superseded, length(data), target, namespace, \(content)
        FROM quarantine JOIN lane ON lane.number = quarantine.lane
        """
    }
}

extension QuarantineEntry {
    init(_ query: Statement) {
        self.init(
            number: query.integer(0), target: query.text(14), namespace: query.text(15), id: query.text(7),
            operation: OperationKind(rawValue: UInt8(clamping: query.integer(3))) ?? .upsert, reason: query.text(8),
            quarantinedAt: query.integer(9), acceptedAt: query.integer(10), superseded: query.integer(12) != 0,
            bytes: Int(query.integer(13)), data: query.bytes(16),
            encoding: UInt8(exactly: query.integer(4)).flatMap(Encoding.init), lane: query.integer(1),
            submission: query.integer(2), key: RecordKey(stored: query.integer(5), query.integer(6)),
            weight: Int(query.integer(11)))
    }
}
