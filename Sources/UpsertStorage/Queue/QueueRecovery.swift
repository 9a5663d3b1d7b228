internal import UpsertCore
internal import UpsertSQLite

/// Reads back, at start, what the queue holds.
struct QueueRecovery {
    var lanes: [LaneNumber: (target: String, namespace: String)] = [:]
    var totals = Totals()
    var quarantinedKeys: Set<RecordKey> = []
    var quarantinedCurrent = 0
    var quarantinedByTarget: [String: Int] = [:]

    /// - Parameters:
    ///   - found: Whether the records may have been in flight when the previous process ended.
    ///   - now: Unix milliseconds.
    ///   - progress: Called after each chunk, with the records read so far.
    static func read(
        _ connection: Connection, into window: inout Window, found: Bool, now: Int64,
        progress: (_ records: Int) -> Void = { _ in }
    ) throws -> QueueRecovery {
        var recovery = QueueRecovery()
        let lanes = try connection.statement("SELECT number, target, namespace FROM lane")
        defer { lanes.reset() }
        while try lanes.step() {
            recovery.lanes[lanes.integer(0)] = (lanes.text(1), lanes.text(2))
            window.register(lane: lanes.integer(0), target: lanes.text(1), namespace: lanes.text(2))
        }
        try connection.execute("DELETE FROM hold WHERE until <= \(now)")
        let holds = try connection.statement("SELECT lane, key_high, key_low, until FROM hold")
        defer { holds.reset() }
        while try holds.step() {
            window.hold(
                RecordKey(stored: holds.integer(1), holds.integer(2)), lane: holds.integer(0), until: holds.integer(3))
        }
        recovery.totals = try Totals(stored: connection)
        let quarantine = try connection.statement("SELECT key_high, key_low, superseded, lane FROM quarantine")
        defer { quarantine.reset() }
        while try quarantine.step() {
            recovery.quarantinedCurrent += 1
            let target = recovery.lanes[quarantine.integer(3)]?.target ?? ""
            recovery.quarantinedByTarget[target, default: 0] += 1
            guard quarantine.integer(2) == 0 else { continue }
            recovery.quarantinedKeys.insert(RecordKey(stored: quarantine.integer(0), quarantine.integer(1)))
        }
        window.reserve(records: max(0, recovery.totals.queuedRecords(quarantined: recovery.quarantinedCurrent)))
        try readChunks(connection, into: &window, found: found, now: now, progress: progress)
        return recovery
    }

    private static func readChunks(
        _ connection: Connection, into window: inout Window, found: Bool, now: Int64,
        progress: (_ records: Int) -> Void
    ) throws {
        var total = 0
        let query = try connection.statement(
            """
            SELECT sequence, lane, submission, operation, encoding, accepted_at, records, bytes, done, directory, runs
            FROM chunk LEFT JOIN progress ON progress.chunk = chunk.sequence ORDER BY sequence
            """)
        defer { query.reset() }
        var chunks = FoundChunks()
        while try query.step() {
            let sequence = query.integer(0)
            guard let operation = OperationKind(rawValue: UInt8(clamping: query.integer(3))),
                let encoding = Encoding(rawValue: UInt8(clamping: query.integer(4)))
            else { throw damaged(sequence, "unknown operation or encoding") }
            let records = Int(query.integer(6))
            guard let submissions = SubmissionRuns(query.integer(2), stored: query.bytes(10)) else {
                throw damaged(sequence, "its submissions make no sense")
            }
            let chunk = ChunkState(
                sequence: sequence, lane: query.integer(1), operation: operation, encoding: encoding,
                submissions: submissions, acceptedAt: query.integer(5), records: records,
                bytes: Int(query.integer(7)), done: Bitmap(bytes: query.bytes(8), count: records), found: found)
            try unsafe query.withBytes(9) { directory in
                guard directory.count == records * ChunkDirectory.entryBytes else {
                    throw damaged(sequence, "its directory does not fit its \(records) records")
                }
                unsafe chunks.append(chunk, directory: directory)
            }
            if chunks.isFull { window.append(&chunks, now: now) }
            total += records
            progress(total)
        }
        window.append(&chunks, now: now)
    }

    static func damaged(_ sequence: Int64, _ what: String) -> QueueDamage { QueueDamage("chunk \(sequence): \(what)") }
}

extension RecordKey {
    /// A key from the two integers in which SQLite keeps it.
    init(stored high: Int64, _ low: Int64) {
        self.init(high: UInt64(bitPattern: high), low: UInt64(bitPattern: low))
    }

    var storedHigh: Int64 { Int64(bitPattern: high) }
    var storedLow: Int64 { Int64(bitPattern: low) }
}
