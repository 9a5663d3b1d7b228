package import UpsertSQLite

/// Opens the queue's database file: durability settings, schema, identity.
package enum QueueFile {
    /// Every migration in order, with the name of its file.
    package static let migrations: [(name: String, sql: [UInt8])] = [
        ("v0001_queue", PackageResources.v0001_queue_sql)
    ]

    /// Name of the database file in the queue directory.
    package static let name = "queue.db"

    /// Opens or creates the queue in `directory` with an up-to-date schema.
    ///
    /// One connection in exclusive locking mode: SQLite before 3.51.3 may damage a write-ahead log that two connections
    /// write, and Debian 12 ships 3.40. `synchronous` is FULL, so that a commit survives a power cut; both are read back.
    ///
    /// - Throws: ``QueueError``.
    package static func open(directory: String) throws -> Connection {
        let path = directory + "/" + name
        do {
            let connection = try Connection(path: path, mode: .create)
            try configure(connection)
            try migrate(connection, path: path)
            return connection
        } catch let error as SQLiteError {
            throw translate(error, path: path)
        }
    }

    private static func configure(_ connection: Connection) throws {
        // The page size and vacuum mode of a file are fixed by its first write.
        try connection.execute("PRAGMA page_size = 32768")
        try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = FULL")
        // Debian builds SQLite with SECURE_DELETE, which makes deleting three times dearer.
        try connection.execute("PRAGMA secure_delete = OFF")
        try connection.execute("PRAGMA wal_autocheckpoint = 500")
        try connection.execute("PRAGMA cache_size = -8192")
        try connection.execute("PRAGMA temp_store = MEMORY")
        guard try connection.integer("PRAGMA synchronous") == 2, try connection.text("PRAGMA journal_mode") == "wal"
        else {
            throw QueueError(.unusable, "SQLite did not accept synchronous=FULL with a write-ahead log")
        }
    }

    private static func migrate(_ connection: Connection, path: String) throws {
        let version = Int(try connection.integer("PRAGMA user_version"))
        guard version <= migrations.count else {
            throw QueueError(
                .newer,
                "\(path) was written by a newer upsertd (schema \(version), this one knows \(migrations.count)); "
                    + "install that version again, or point queue.directory at an empty directory")
        }
        for number in version..<migrations.count {
            try connection.transaction {
                try connection.execute(String(decoding: migrations[number].sql, as: UTF8.self))
                try connection.execute("PRAGMA user_version = \(number + 1)")
            }
        }
    }

    private static func translate(_ error: SQLiteError, path: String) -> QueueError {
        switch error.primaryCode {
        case SQLiteError.Primary.corrupt, SQLiteError.Primary.notADatabase:
            QueueError(
                .damaged,
                "\(path) is damaged (\(error.message)); nothing was changed. Keep it for salvage: "
                    + "mv \(path) \(path).damaged, then start again with an empty queue")
        case SQLiteError.Primary.busy, SQLiteError.Primary.locked:
            QueueError(.inUse, "\(path) is open in another program (\(error.message)); close it and start again")
        default:
            QueueError(.unusable, "cannot open \(path): \(error)")
        }
    }
}
