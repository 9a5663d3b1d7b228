internal import UpsertSQLite

/// The tables that producers insert into, in any SQLite file, an application's own included.
package enum OutboxSchema {
    /// The statements that make them; they change nothing where the tables exist.
    ///
    /// `AUTOINCREMENT` keeps a `seq` from being used twice, save after a power cut that loses an application's last commits
    /// (`synchronous=NORMAL`): therefore the `uid` and the identity. `created` is in Unix milliseconds.
    package static let sql = """
        CREATE TABLE IF NOT EXISTS upsertd_outbox (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            uid BLOB NOT NULL DEFAULT (randomblob(16)),
            namespace TEXT NOT NULL DEFAULT '',
            op TEXT NOT NULL DEFAULT 'upsert',
            id TEXT,
            record TEXT,
            created INTEGER NOT NULL DEFAULT (CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER))
        );
        CREATE TABLE IF NOT EXISTS upsertd_outbox_identity (identity BLOB NOT NULL);
        INSERT INTO upsertd_outbox_identity
            SELECT randomblob(16) WHERE NOT EXISTS (SELECT 1 FROM upsertd_outbox_identity);
        """

    /// Makes the outbox in the database at `path`, creating the file where it is absent. Doing it again changes nothing.
    ///
    /// The journal mode stays what it is.
    ///
    /// - Returns: The outbox's identity, 16 bytes.
    /// - Throws: ``OutboxError``.
    @discardableResult
    package static func create(_ path: String) throws -> [UInt8] {
        let place = PathBytes(path)
        return try OutboxError.wrapping(place) {
            let connection = try Connection(path: path, mode: .create, busyTimeout: OutboxSource.busyTimeout)
            try connection.execute("PRAGMA synchronous = EXTRA")
            try connection.keepLogOnClose()
            return try connection.transaction {
                try connection.execute(sql)
                try checkColumns(connection, place)
                return try identity(connection, place)
            }
        }
    }

    /// Throws where a table of that name is there but is not an outbox.
    static func checkColumns(_ connection: Connection, _ path: PathBytes) throws {
        let query = try connection.statement("SELECT name FROM pragma_table_info('upsertd_outbox')")
        defer { query.reset() }
        var columns: Set<String> = []
        while try query.step() { columns.insert(query.text(0)) }
        if columns.isEmpty { throw OutboxError(.notAnOutbox, path, "has no table upsertd_outbox") }
        let missing = ["seq", "uid", "namespace", "op", "id", "record"].filter { !columns.contains($0) }
        guard missing.isEmpty else {
            throw OutboxError(
                .failed, path,
                "the table upsertd_outbox has no column \(missing.joined(separator: ", ")); rename that table")
        }
    }

    /// The identity that tells this outbox from any other.
    static func identity(_ connection: Connection, _ path: PathBytes) throws -> [UInt8] {
        let query = try connection.statement("SELECT identity FROM upsertd_outbox_identity ORDER BY rowid LIMIT 1")
        defer { query.reset() }
        guard try query.step() else { throw OutboxError(.notAnOutbox, path, "the outbox has no identity") }
        return query.bytes(0)
    }
}
