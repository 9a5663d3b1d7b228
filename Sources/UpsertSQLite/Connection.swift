internal import CSQLite

/// One open SQLite database, used by one thread at a time; its owner sees to that.
///
/// Statements are prepared once and kept. Nothing here retries: a failure is thrown with the statement that caused it.
@safe
package final class Connection {
    let handle: OpaquePointer
    /// Pages in the write-ahead log, written by SQLite after each commit.
    private let logPagesCell: UnsafeMutablePointer<Int32>
    private var statements: [String: Statement] = [:]

    /// How the file is opened.
    package enum Mode: Sendable {
        /// Opens an existing file for reading and writing, creating it if it is absent.
        case create
        /// Opens an existing file for reading and writing.
        case readWrite
        /// Opens an existing file for reading.
        case readOnly

        fileprivate var flags: Int32 {
            switch self {
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readWrite: SQLITE_OPEN_READWRITE
            case .readOnly: SQLITE_OPEN_READONLY
            }
        }
    }

    /// Opens the database at `path`.
    ///
    /// - Parameters:
    ///   - mode: Whether the file may be created or written.
    ///   - busyTimeout: Milliseconds to wait for another process's lock before `SQLITE_BUSY` is thrown.
    /// - Throws: ``SQLiteError``.
    package init(path: String, mode: Mode, busyTimeout: Int32 = 0) throws {
        _ = LargeBlocks.areInstalled
        var opened: OpaquePointer?
        let flags = mode.flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let database = unsafe opened else {
            let message = unsafe opened.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            let systemError = unsafe opened.map { unsafe sqlite3_system_errno($0) } ?? 0
            unsafe sqlite3_close_v2(opened)
            throw SQLiteError(code: code, message: message, operation: "open \(path)", systemError: systemError)
        }
        unsafe handle = database
        unsafe logPagesCell = .allocate(capacity: 1)
        unsafe logPagesCell.initialize(to: 0)
        unsafe sqlite3_busy_timeout(database, busyTimeout)
    }

    deinit {
        statements.removeAll()
        unsafe sqlite3_close_v2(handle)
        unsafe logPagesCell.deallocate()
    }

    /// Runs one or more statements that return nothing of interest.
    package func execute(_ sql: String) throws {
        try check(unsafe sqlite3_exec(handle, sql, nil, nil, nil), sql)
    }

    /// Prepares `sql`, or takes the statement prepared for the same text before, reset and ready to bind.
    package func statement(_ sql: String) throws -> Statement {
        if let known = statements[sql] {
            known.reset()
            return known
        }
        let made = try Statement(self, sql)
        statements[sql] = made
        return made
    }

    /// The single integer that `sql` yields, such as a pragma's value.
    package func integer(_ sql: String) throws -> Int64 {
        let query = try statement(sql)
        defer { query.reset() }
        guard try query.step() else { throw SQLiteError(code: SQLITE_ERROR, message: "no row", operation: sql) }
        return query.integer(0)
    }

    /// Whether the file can only be read, although it may have been opened for writing: SQLite takes what it gets, and even
    /// begins write transactions then.
    package var isReadOnly: Bool { unsafe sqlite3_db_readonly(handle, "main") == 1 }

    /// The single text that `sql` yields.
    package func text(_ sql: String) throws -> String {
        let query = try statement(sql)
        defer { query.reset() }
        guard try query.step() else { throw SQLiteError(code: SQLITE_ERROR, message: "no row", operation: sql) }
        return query.text(0)
    }

    /// Runs `body` in an immediate write transaction: commits when it returns, rolls back when it throws.
    ///
    /// A commit that fails (a full disk) is rolled back too, so the connection is ready for the next transaction.
    package func transaction<Value>(_ body: () throws -> Value) throws -> Value {
        try execute("BEGIN IMMEDIATE")
        do {
            let value = try body()
            try execute("COMMIT")
            return value
        } catch {
            for statement in statements.values { statement.reset() }
            // Some errors (disk full, I/O) have rolled back by themselves; then there is nothing left to undo. What stopped
            // the transaction says more than a failure to roll it back, which the next transaction meets again.
            if unsafe sqlite3_get_autocommit(handle) == 0 { try? execute("ROLLBACK") }
            throw error
        }
    }

    /// Leaves checkpoints to ``checkpoint()``, so that one that fails is seen, and counts ``logPages``.
    package func checkpointByHand() {
        unsafe sqlite3_wal_hook(
            handle,
            { cell, _, _, pages in
                unsafe cell?.assumingMemoryBound(to: Int32.self).pointee = pages
                return SQLITE_OK
            }, logPagesCell)
    }

    /// Pages that the write-ahead log held after the last commit; 0 once a checkpoint has brought all of them home.
    package var logPages: Int { Int(unsafe logPagesCell.pointee) }

    /// Brings the write-ahead log home into the database, so that the next commit writes it from its start again; its file
    /// keeps its size.
    ///
    /// - Throws: ``SQLiteError``. Nothing is lost by it: what did not come home stays in the log.
    package func checkpoint() throws {
        var (pages, done): (Int32, Int32) = (0, 0)
        try check(
            unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, &pages, &done), "checkpoint")
        unsafe logPagesCell.pointee = max(0, pages - done)
    }

    /// Rows changed by the last statement.
    package var changes: Int { Int(unsafe sqlite3_changes64(handle)) }

    /// Key of the last inserted row.
    package var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// Leaves the write-ahead log in place when this connection closes, so that closing never blocks another program.
    package func keepLogOnClose() throws {
        try check(unsafe upsertd_no_checkpoint_on_close(handle), "no checkpoint on close")
    }

    func check(_ code: Int32, _ operation: String) throws {
        guard code != SQLITE_OK, code != SQLITE_ROW, code != SQLITE_DONE else { return }
        // SQLite keeps the last errno, whatever came after it; it belongs to these two kinds of error only.
        let hasCause = [SQLiteError.Primary.ioError, SQLiteError.Primary.cannotOpen].contains(code & 0xff)
        throw unsafe SQLiteError(
            code: code, message: String(cString: sqlite3_errmsg(handle)), operation: operation,
            systemError: hasCause ? sqlite3_system_errno(handle) : 0)
    }
}
