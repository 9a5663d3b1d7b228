internal import UpsertCore
internal import UpsertSQLite

extension StoppedQueue {
    /// Gives the waiting and quarantined records of one target to another, in their order of acceptance.
    ///
    /// - Returns: Records moved.
    /// - Throws: ``QueueError``; then nothing has changed.
    package func moveTarget(_ old: String, to new: String) throws(QueueError) -> Int {
        guard old != new else { throw QueueError(.refused, "\(old) and \(new) are the same target") }
        return try change { connection, secret in
            let hasher = RecordKeyHasher(secret: secret)
            var moved = 0
            for lane in try lanes(of: old, connection) {
                moved += try waiting(lane: lane.number, connection)
                guard let other = try number(of: new, lane.namespace, connection) else {
                    // Keys are made of the lane's number, so with a new name on the lane all stays as it is.
                    try run("UPDATE lane SET target = ? WHERE number = ?", connection) {
                        try $0.bind(1, new)
                        try $0.bind(2, lane.number)
                    }
                    continue
                }
                try rekeyChunks(from: lane.number, to: other, hasher, connection)
                try rekeyQuarantine(from: lane.number, to: other, hasher, connection)
                for sql in ["DELETE FROM hold WHERE lane = ?", "DELETE FROM lane WHERE number = ?"] {
                    try run(sql, connection) { try $0.bind(1, lane.number) }
                }
            }
            try run("DELETE FROM target WHERE name = ?", connection) { try $0.bind(1, old) }
            // Holds of the old keys are gone: everything found counts as possibly in flight at the next start.
            try connection.execute("DELETE FROM setting WHERE name = 'closed_cleanly'")
            return moved
        }
    }

    /// Deletes the waiting and quarantined records of a target; they are counted as dropped.
    ///
    /// - Returns: Records deleted.
    /// - Throws: ``QueueError``; then nothing has changed.
    package func dropTarget(_ name: String) throws(QueueError) -> Int {
        try change { connection, _ in
            var window = Window(indexRecordsMax: .max)
            let recovered = try QueueRecovery.read(connection, into: &window, found: false, now: 0)
            let before = window.queuedByTarget[name] ?? 0
            var dropped = before
            // What was superseded in memory only is coalesced, not dropped; a start would have counted it so.
            let superseded = window.unsaved().superseded
            var totals = recovered.totals
            totals.coalescedRecords += window.supersededUnsaved
            try save(window.unsaved(), connection)
            for lane in try lanes(of: name, connection) {
                dropped += Int(
                    try connection.integer("SELECT count(*) FROM quarantine WHERE lane = \(lane.number)"))
                for sql in [
                    "DELETE FROM payload WHERE chunk IN (SELECT sequence FROM chunk WHERE lane = ?)",
                    "DELETE FROM progress WHERE chunk IN (SELECT sequence FROM chunk WHERE lane = ?)",
                    "DELETE FROM chunk WHERE lane = ?", "DELETE FROM quarantine WHERE lane = ?",
                    "DELETE FROM hold WHERE lane = ?", "DELETE FROM lane WHERE number = ?",
                ] { try run(sql, connection) { try $0.bind(1, lane.number) } }
            }
            for (submission, count) in superseded {
                try run("UPDATE submission SET superseded = superseded + ? WHERE number = ?", connection) {
                    try $0.bind(1, Int64(count))
                    try $0.bind(2, submission)
                }
            }
            totals.droppedRecords += dropped
            try totals.store(connection)
            try run("DELETE FROM target WHERE name = ?", connection) { try $0.bind(1, name) }
            return dropped
        }
    }

    /// Runs a change in one commit.
    private func change(_ body: (Connection, _ secret: [UInt8]) throws -> Int) throws(QueueError) -> Int {
        let connection = try openToChange()
        do {
            return try connection.transaction {
                let query = try connection.statement("SELECT value FROM setting WHERE name = 'secret'")
                let secret = try query.step() ? query.bytes(0) : []
                query.reset()
                guard secret.count == 16 else { throw QueueDamage("it has lost its secret") }
                return try body(connection, secret)
            }
        } catch {
            throw QueueFile.meaning(of: error, directory: directory ?? path)
        }
    }

    private func run(_ sql: String, _ connection: Connection, _ bind: (Statement) throws -> Void) throws {
        let statement = try connection.statement(sql)
        try bind(statement)
        try statement.run()
    }

    private func lanes(
        of target: String, _ connection: Connection
    ) throws -> [(number: LaneNumber, namespace: String)] {
        let query = try connection.statement("SELECT number, namespace FROM lane WHERE target = ?")
        defer { query.reset() }
        try query.bind(1, target)
        var lanes: [(LaneNumber, String)] = []
        while try query.step() { lanes.append((query.integer(0), query.text(1))) }
        guard !lanes.isEmpty else { throw QueueError(.notFound, "there are no records of a target \(target)") }
        return lanes
    }

    private func number(of target: String, _ namespace: String, _ connection: Connection) throws -> LaneNumber? {
        let query = try connection.statement("SELECT number FROM lane WHERE target = ? AND namespace = ?")
        defer { query.reset() }
        try query.bind(1, target)
        try query.bind(2, namespace)
        return try query.step() ? query.integer(0) : nil
    }

    /// Records of a lane that are not marked as gone, quarantined ones included.
    private func waiting(lane: LaneNumber, _ connection: Connection) throws -> Int {
        var count = Int(try connection.integer("SELECT count(*) FROM quarantine WHERE lane = \(lane)"))
        for sequence in try sequences(lane: lane, connection) {
            guard let records = try StoredChunk.head(of: sequence, connection)?.records else { continue }
            count += records - (try StoredChunk.done(of: sequence, records: records, connection)).population
        }
        return count
    }

    private func sequences(lane: LaneNumber, _ connection: Connection) throws -> [Int64] {
        let query = try connection.statement("SELECT sequence FROM chunk WHERE lane = ? ORDER BY sequence")
        defer { query.reset() }
        try query.bind(1, lane)
        var sequences: [Int64] = []
        while try query.step() { sequences.append(query.integer(0)) }
        return sequences
    }

    /// Chunks keep their place in the log, and with it the order of acceptance.
    private func rekeyChunks(
        from lane: LaneNumber, to other: LaneNumber, _ hasher: RecordKeyHasher, _ connection: Connection
    ) throws {
        for sequence in try sequences(lane: lane, connection) {
            let content = try StoredChunk.content(of: sequence, connection)
            guard let head = try StoredChunk.head(of: sequence, connection) else { continue }
            var directory = ChunkDirectory()
            for position in 0..<content.directory.count {
                let range = content.directory.range(position)
                let id = RecordID.extract(from: content.payload[range], head.operation, head.encoding)
                directory.append(
                    key: hasher.key(lane: other, id: id), end: range.upperBound,
                    weight: Int(content.directory.weights[position]))
            }
            let bytes = directory.bytes
            try run("UPDATE chunk SET lane = ?, directory = ?, checksum = ? WHERE sequence = ?", connection) {
                try $0.bind(1, other)
                try $0.bind(2, bytes)
                try $0.bind(3, ChunkChecksum.of(directory: bytes, payload: content.payload))
                try $0.bind(4, sequence)
            }
        }
    }

    private func rekeyQuarantine(
        from lane: LaneNumber, to other: LaneNumber, _ hasher: RecordKeyHasher, _ connection: Connection
    ) throws {
        var rows: [(number: Int64, id: String)] = []
        let query = try connection.statement("SELECT number, id FROM quarantine WHERE lane = ?")
        try query.bind(1, lane)
        while try query.step() { rows.append((query.integer(0), query.text(1))) }
        query.reset()
        for row in rows {
            let key = hasher.key(lane: other, id: Array(row.id.utf8))
            // Whether the other target has accepted a newer write since is not known, so a retry asks for force.
            try run(
                "UPDATE quarantine SET lane = ?, key_high = ?, key_low = ?, superseded = 1 WHERE number = ?", connection
            ) {
                try $0.bind(1, other)
                try $0.bind(2, key.storedHigh)
                try $0.bind(3, key.storedLow)
                try $0.bind(4, row.number)
            }
        }
    }

    private func save(_ unsaved: Window.Unsaved, _ connection: Connection) throws {
        for chunk in unsaved.changed {
            try run("INSERT OR REPLACE INTO progress VALUES (?, ?)", connection) {
                try $0.bind(1, chunk.sequence)
                try $0.bind(2, chunk.done)
            }
        }
        for chunk in unsaved.dead {
            for sql in [
                "DELETE FROM chunk WHERE sequence = ?", "DELETE FROM payload WHERE chunk = ?",
                "DELETE FROM progress WHERE chunk = ?",
            ] { try run(sql, connection) { try $0.bind(1, chunk.sequence) } }
        }
    }
}
