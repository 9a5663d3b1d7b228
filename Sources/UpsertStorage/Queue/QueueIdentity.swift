internal import UpsertSQLite

/// The secret of a queue and whether it was closed cleanly, as stored in the `setting` table.
struct QueueIdentity {
    /// 16 random bytes that key the record hashes.
    let secret: [UInt8]
    let closedCleanly: Bool

    /// Reads the identity, making it on the first start, and takes the clean mark away until ``markClean(_:)``.
    static func load(_ connection: Connection) throws -> QueueIdentity {
        let query = try connection.statement("SELECT value FROM setting WHERE name = ?")
        try query.bind(1, "secret")
        let known = try query.step() ? query.bytes(0) : []
        query.reset()
        guard known.count == 16 else {
            var generator = SystemRandomNumberGenerator()
            let secret = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let insert = try connection.statement("INSERT OR REPLACE INTO setting VALUES ('secret', ?)")
            try insert.bind(1, secret)
            try insert.run()
            return QueueIdentity(secret: secret, closedCleanly: true)
        }
        let closedCleanly = try connection.integer("SELECT count(*) FROM setting WHERE name = 'closed_cleanly'") > 0
        try connection.execute("DELETE FROM setting WHERE name = 'closed_cleanly'")
        return QueueIdentity(secret: known, closedCleanly: closedCleanly)
    }

    /// Until when records found in the queue may be changed by requests of an earlier process, and notes it for starts to come:
    /// a clean stop within that time does not end it.
    ///
    /// - Parameter hold: Milliseconds from `now` for which they may, if the last process did not stop cleanly.
    static func foundUntil(_ connection: Connection, clean: Bool, hold: Int64, now: Int64) throws -> Int64 {
        let query = try connection.statement("SELECT value FROM setting WHERE name = 'found_until'")
        let known = try query.step() ? query.integer(0) : 0
        query.reset()
        guard !clean else { return known }
        let until = max(known, now + hold)
        let insert = try connection.statement("INSERT OR REPLACE INTO setting VALUES ('found_until', ?)")
        try insert.bind(1, until)
        try insert.run()
        return until
    }

    static func markClean(_ connection: Connection) throws {
        try connection.execute("INSERT OR REPLACE INTO setting VALUES ('closed_cleanly', 1)")
    }
}
