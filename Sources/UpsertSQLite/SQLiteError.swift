internal import Glibc

/// What SQLite refused, where and why.
package struct SQLiteError: Error, Sendable, CustomStringConvertible {
    /// Extended result code, such as 3338 (`SQLITE_IOERR_ACCESS`).
    package var code: Int32
    /// SQLite's own words.
    package var message: String
    /// The statement or step that failed.
    package var operation: String
    /// The `errno` behind an I/O error; 0 where SQLite kept none.
    package var systemError: Int32

    package init(code: Int32, message: String, operation: String, systemError: Int32 = 0) {
        self.code = code
        self.message = message
        self.operation = operation
        self.systemError = systemError
    }

    /// The low byte of ``code``: 5 busy, 10 I/O error, 11 corrupt, 13 full, 26 not a database.
    package var primaryCode: Int32 { code & 0xff }

    package var description: String {
        let cause = systemError == 0 ? "" : ", errno \(systemError)"
        return "\(operation): \(message) (SQLite code \(code)\(cause))"
    }

    /// Whether nothing was written for want of room: a full disk or quota. Deleting something mends it.
    ///
    /// SQLite says `SQLITE_FULL` for ENOSPC on a write; other calls, and a quota, come as an I/O error with an `errno`. A
    /// sync is never among them: after a failed one nobody knows what is on disk.
    package var isFull: Bool {
        primaryCode == Primary.full || !isSyncFailure && (systemError == ENOSPC || systemError == EDQUOT)
    }

    /// Whether nothing was written because the file system is mounted, or has become, read-only.
    package var isReadOnlyDisk: Bool {
        primaryCode == Primary.readOnly || !isSyncFailure && systemError == EROFS
    }

    /// Whether a file or its directory could not be synced.
    package var isSyncFailure: Bool { code == Extended.sync || code == Extended.syncDirectory }

    /// Whether the file does not hold what SQLite expects of it.
    package var isDamage: Bool { primaryCode == Primary.corrupt || primaryCode == Primary.notADatabase }

    /// Result codes that callers tell apart. Source: sqlite.org/rescode.html.
    package enum Primary {
        package static let busy: Int32 = 5
        package static let locked: Int32 = 6
        package static let noMemory: Int32 = 7
        package static let readOnly: Int32 = 8
        package static let ioError: Int32 = 10
        package static let corrupt: Int32 = 11
        package static let full: Int32 = 13
        package static let cannotOpen: Int32 = 14
        package static let constraint: Int32 = 19
        package static let notADatabase: Int32 = 26
    }

    /// Extended result codes that callers tell apart.
    package enum Extended {
        /// `SQLITE_IOERR_FSYNC`
        package static let sync: Int32 = 1_034
        /// `SQLITE_IOERR_DIR_FSYNC`
        package static let syncDirectory: Int32 = 1_290
        /// `SQLITE_IOERR_NOMEM`
        package static let noMemory: Int32 = 3_082
    }
}
