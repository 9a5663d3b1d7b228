package import UpsertSQLite

/// Opens the queue's database file: durability settings, schema, identity.
package enum QueueFile {
    /// Every migration in order, with the name of its file.
    package static let migrations: [(name: String, sql: [UInt8])] = [
        ("v0001_queue", PackageResources.v0001_queue_sql),
        ("v0002_checksums_and_targets", PackageResources.v0002_checksums_and_targets_sql),
        ("v0003_submissions_of_a_chunk", PackageResources.v0003_submissions_of_a_chunk_sql),
        ("v0004_packed_records", PackageResources.v0004_packed_records_sql),
    ]

    /// Bytes of a page of the database.
    package static let pageBytes = 32_768

    /// Name of the database file in the queue directory.
    package static let name = "queue.db"

    /// Opens or creates the queue in `directory` with an up-to-date schema.
    ///
    /// One connection in exclusive locking mode: SQLite before 3.51.3 may damage a write-ahead log that two connections
    /// write, and Debian 12 ships 3.40. `synchronous` is FULL, so that a commit survives a power cut; both are read back.
    ///
    /// - Throws: ``QueueError``.
    package static func open(directory: String) throws -> Connection {
        if let reason = DamageMark.read(in: directory) { throw QueueError(.damaged, reason) }
        try SetAside.finish(in: directory)
        let path = directory + "/" + name
        do {
            let connection = try Connection(path: path, mode: .create)
            try configure(connection)
            // What the log holds is written again and synced: after a failed sync, a log that reads well may still not be
            // on the disk. Where there is no room for that, the log has to stand as it is.
            do { try connection.checkpoint() } catch let error as SQLiteError where error.isFull {}
            try migrate(connection, path: path)
            return connection
        } catch {
            throw meaning(of: error, directory: directory)
        }
    }

    private static func configure(_ connection: Connection) throws {
        // The page size and vacuum mode of a file are fixed by its first write.
        try connection.execute("PRAGMA page_size = \(pageBytes)")
        try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        try connection.execute("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = FULL")
        // Debian builds SQLite with SECURE_DELETE, which makes deleting three times dearer.
        try connection.execute("PRAGMA secure_delete = OFF")
        // The queue brings the log home itself, so that a failing disk is noticed.
        connection.checkpointByHand()
        try connection.execute("PRAGMA cache_size = -4096")
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

    /// What an error in the queue's file means for those who use it.
    static func meaning(of error: any Error, directory: String) -> QueueError {
        if let error = error as? QueueError { return error }
        if let damage = error as? QueueDamage { return damaged(directory, damage.what) }
        let path = directory + "/" + name
        guard let error = error as? SQLiteError else { return QueueError(.unusable, "cannot use \(path): \(error)") }
        if error.isDamage { return damaged(directory, error.message) }
        if error.isFull {
            let lacksInodes = FileSystemRoom(of: directory)?.hasNoInodes == true
            let what = lacksInodes ? "the disk has no inodes left" : "the disk is full"
            return QueueError(.full, "\(what): \(path) cannot grow (\(error.message))")
        }
        if error.isReadOnlyDisk {
            return QueueError(.readOnly, "\(path) cannot be written: its file system is read-only (\(error.message))")
        }
        switch error.primaryCode {
        case SQLiteError.Primary.busy, SQLiteError.Primary.locked:
            return QueueError(
                .inUse, "\(path) is open in another program (\(error.message)); close it and start again")
        case SQLiteError.Primary.ioError where error.code != SQLiteError.Extended.noMemory:
            return QueueError(.failed, "the disk failed while \(path) was used: \(error)")
        default: return QueueError(.unusable, "cannot use \(path): \(error)")
        }
    }

    /// The error for damage, with the command that saves what can be read.
    static func damaged(_ directory: String, _ what: String) -> QueueError {
        let path = directory + "/" + name
        return QueueError(
            .damaged,
            "\(path) is damaged (\(what)); nothing was changed. Save what can be read and start with an empty queue: "
                + "upsertctl doctor --queue \(directory) --salvage /var/tmp/salvaged.ndjson --set-aside; "
                + "or have upsertd set it aside by itself: queue.on_damage: start_fresh")
    }
}
