internal import Glibc
internal import UpsertSQLite

/// One outbox, through one connection that stays open and never keeps a transaction.
///
/// The database may be an application's own, so this connection never checkpoints, never changes its settings, and reads and
/// deletes in short transactions. Owned by one thread; calls block up to ``busyTimeout`` and throw ``OutboxError``.
///
/// The order of work: first, and at every start, ``delete(_:)`` the last run that the queue has committed; then read rows,
/// commit them with their ``OutboxRows/run`` to the queue, delete that run, and so on. A run must be gone before the next one
/// is committed, since only one is remembered: a forgotten row would be accepted again, over newer ones.
package final class OutboxSource {
    /// The database, as configured.
    package let path: String
    private let place: PathBytes
    let connection: Connection
    private let file: FileIdentity
    private let isUTF8: Bool
    private var seenVersion: Int64?
    /// Memory for the records of the next read: fresh memory of that size would be faulted in page by page.
    private var buffer: [UInt8] = []

    /// Milliseconds to wait for another program's lock.
    package static let busyTimeout: Int32 = 5_000
    /// Rows deleted in one transaction.
    package static let deletesMax = 1_000
    /// Bytes of the memory that is kept between reads.
    private static let bufferBytesMax = 16 << 20
    /// Bytes of one record; of a larger one only this much is kept, and it is refused.
    package static let recordBytesMax = 32 << 20

    /// Opens the outbox at `path`.
    package init(path: String) throws {
        self.path = path
        let place = PathBytes(path)
        self.place = place
        file = try Self.fileIdentity(place)
        connection = try OutboxError.wrapping(place) {
            let connection = try Connection(path: path, mode: .readWrite, busyTimeout: Self.busyTimeout)
            // What is deleted here was accepted: it must not come back after a power cut. With a rollback journal, only EXTRA
            // syncs the directory once the journal is gone; a journal that came back would undo the deletion.
            try connection.execute("PRAGMA synchronous = EXTRA")
            // A checkpoint can hold up the application, and two programs at it have damaged databases (SQLite before 3.51.3).
            try connection.execute("PRAGMA wal_autocheckpoint = 0")
            try connection.keepLogOnClose()
            // Debian builds SQLite so that it writes zeros over all that is deleted, which is half of the work here. So are
            // these only where the page is written anyhow.
            try connection.execute("PRAGMA secure_delete = FAST")
            // The schema is the application's: nothing in it may run functions with side effects here.
            try connection.execute("PRAGMA trusted_schema = OFF")
            return connection
        }
        isUTF8 = try OutboxError.wrapping(place) { [connection] in
            try OutboxSchema.checkColumns(connection, place)
            _ = try OutboxSchema.identity(connection, place)
            // SQLite opens a file that it may not write as a read-only one: better told now than after accepting rows.
            if connection.isReadOnly { throw OutboxError(.notWritable, place, "the file cannot be written") }
            try connection.execute("BEGIN IMMEDIATE; ROLLBACK")
            return try connection.text("PRAGMA encoding") == "UTF-8"
        }
    }

    /// Whether any other connection has committed since the last call; true at the first one.
    ///
    /// - Throws: ``OutboxError`` with code `replaced` where the path leads to another file now.
    package func changed() throws -> Bool {
        let now = try Self.fileIdentity(place)
        guard now.device == file.device, now.inode == file.inode else {
            throw OutboxError(.replaced, place, "was replaced by another file")
        }
        let version = try OutboxError.wrapping(place) { try connection.integer("PRAGMA data_version") }
        defer { seenVersion = version }
        return version != seenVersion
    }

    /// Reads rows in the order of their seq, in one short read transaction.
    ///
    /// - Parameters:
    ///   - after: Only rows above this seq; nil for all, since a row may be inserted with any seq.
    ///   - limit: Rows at most; at least 1.
    ///   - bytes: Stops after the row with which the records reach this many bytes.
    package func read(after: Int64? = nil, limit: Int, bytes: Int) throws -> OutboxRows {
        precondition(limit >= 1, "limit must be at least 1, is \(limit)")
        return try OutboxError.wrapping(place) {
            try connection.execute("BEGIN")
            // Ends a read transaction, which cannot fail in a way that matters: nothing was written.
            defer { try? connection.execute("COMMIT") }
            let identity = try OutboxSchema.identity(connection, place)
            let query = try connection.statement(
                """
                SELECT seq, CAST(uid AS BLOB), namespace, op, id, record, typeof(record) = 'blob'
                FROM upsertd_outbox WHERE seq >= ? ORDER BY seq LIMIT ?
                """)
            defer { query.reset() }
            if after == .max { return OutboxRows(identity: identity, rows: [], hasMore: false, records: []) }
            try query.bind(1, after.map { $0 + 1 } ?? .min)
            try query.bind(2, Int64(limit) + 1)
            var rows: [OutboxRow] = []
            var records = buffer
            buffer = []
            records.removeAll(keepingCapacity: true)
            while try query.step() {
                if rows.count == limit || records.count >= bytes && !rows.isEmpty {
                    return OutboxRows(identity: identity, rows: rows, hasMore: true, records: records)
                }
                rows.append(row(query, &records))
            }
            return OutboxRows(identity: identity, rows: rows, hasMore: false, records: records)
        }
    }

    private func row(_ query: Statement, _ records: inout [UInt8]) -> OutboxRow {
        var row = OutboxRow(
            key: OutboxKey(seq: query.integer(0), uid: query.bytes(1)), namespace: text(query, 2),
            operation: text(query, 3), id: query.isNull(4) ? nil : text(query, 4), record: nil, recordBytes: 0)
        if query.isNull(5) { return row }
        let start = records.count
        if isUTF8 || query.integer(6) != 0 {
            row.recordBytes = unsafe query.withBytes(5) { bytes in
                unsafe records.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes.prefix(Self.recordBytesMax)))
                return bytes.count
            }
        } else {
            let bytes = text(query, 5)
            records += bytes.prefix(Self.recordBytesMax)
            row.recordBytes = bytes.count
        }
        row.record = start..<records.count
        return row
    }

    /// A text column's bytes in UTF-8, unrepaired where the database itself is in UTF-8.
    private func text(_ query: Statement, _ column: Int32) -> [UInt8] {
        isUTF8 ? query.bytes(column) : Array(query.text(column).utf8)
    }

    /// Takes back the memory of rows that are not needed any more.
    package func reuse(_ rows: consuming OutboxRows) {
        let records = rows.takeRecords()
        // Not what one huge record took.
        if records.capacity <= Self.bufferBytesMax { buffer = records }
    }

    /// Gives the memory for records back.
    package func rest() { buffer = [] }

    /// Deletes the rows of a committed run, at most ``deletesMax`` in a transaction; rows of another outbox stay.
    ///
    /// Durable when it returns. Where it throws, some may be gone: call it again.
    ///
    /// - Returns: Rows that were still there.
    @discardableResult
    package func delete(_ run: OutboxRun) throws -> Int {
        var deleted = 0
        var rest = run.keys[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.deletesMax)
            rest = rest.dropFirst(part.count)
            deleted += try OutboxError.wrapping(place) {
                try connection.transaction {
                    try OutboxSchema.identity(connection, place) == run.identity ? try delete(part) : 0
                }
            }
        }
        return deleted
    }

    private func delete(_ keys: ArraySlice<OutboxKey>) throws -> Int {
        let statement = try connection.statement("DELETE FROM upsertd_outbox WHERE seq = ? AND CAST(uid AS BLOB) = ?")
        var count = 0
        for key in keys {
            try statement.bind(1, key.seq)
            try statement.bind(2, key.uid)
            try statement.run()
            count += connection.changes
        }
        return count
    }

    /// At most how many rows wait, from the first and last seq, and when the first was inserted in Unix milliseconds.
    package func backlog() throws -> (rowsMax: Int, oldest: Int64?) {
        try OutboxError.wrapping(place) {
            let query = try connection.statement(
                """
                SELECT seq, (SELECT max(seq) FROM upsertd_outbox), created
                FROM upsertd_outbox WHERE seq = (SELECT min(seq) FROM upsertd_outbox)
                """)
            defer { query.reset() }
            guard try query.step() else { return (0, nil) }
            let (span, overflow) = query.integer(1).subtractingReportingOverflow(query.integer(0))
            return (overflow ? .max : Int(span) + 1, query.isNull(2) ? nil : query.integer(2))
        }
    }

    private static func fileIdentity(_ place: PathBytes) throws -> FileIdentity {
        var raw = stat()
        do {
            _ = try systemCall(.stat, place) { unsafe place.withCString { unsafe stat($0, &raw) } }
        } catch let error as FileError {
            let code: OutboxError.Code = error.isAbsent ? .missing : .notWritable
            throw OutboxError(code, place, error.isAbsent ? "there is no such file" : "\(error)")
        }
        return FileIdentity(FileStatus(raw))
    }
}
