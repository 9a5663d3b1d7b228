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

    static func markClean(_ connection: Connection) throws {
        try connection.execute("INSERT OR REPLACE INTO setting VALUES ('closed_cleanly', 1)")
    }
}
