internal import Glibc
internal import UpsertSQLite

/// Why an outbox cannot be used, and what mends it.
package struct OutboxError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Raw values appear in status and logs.
    package enum Code: String, Sendable, CaseIterable {
        /// There is no file.
        case missing
        /// The file is a database without the outbox's tables.
        case notAnOutbox = "not_an_outbox"
        /// The file is no SQLite database, or a damaged one.
        case notADatabase = "not_a_database"
        /// The file or its directory cannot be written, and SQLite needs both.
        case notWritable = "not_writable"
        /// Another program kept the database locked for longer than the busy timeout. Try again.
        case locked
        /// The disk is full. Try again once it is not.
        case full
        /// The path leads to another file than when it was opened. Open it again.
        case replaced
        /// Anything else.
        case failed
    }

    package var code: Code
    /// The database.
    package var path: PathBytes
    /// What SQLite or the kernel said.
    package var reason: String

    package init(_ code: Code, _ path: PathBytes, _ reason: String) {
        self.code = code
        self.path = path
        self.reason = reason
    }

    /// One line, safe to print, with the command that mends it where there is one.
    package var description: String {
        let word = path.shellWord
        let remedy =
            switch code {
            case .missing, .notAnOutbox: "; make it with: upsertctl outbox init \(word)"
            case .notADatabase: "; check it with: sqlite3 \(word) 'PRAGMA integrity_check'"
            case .notWritable:
                "; mend it with: setfacl -m u:\(geteuid()):rwx \(path.parent.shellWord) && \(access(word))"
            case .locked: "; find the program with: fuser -v \(word)"
            case .full, .replaced, .failed: ""
            }
        return "outbox \(path): \(reason)\(remedy)"
    }

    private func access(_ word: String) -> String { "setfacl -m u:\(geteuid()):rw \(word)*" }

    /// What a failure of SQLite means for the outbox at `path`.
    init(_ error: SQLiteError, _ path: PathBytes) {
        let code: Code =
            switch error.primaryCode {
            case SQLiteError.Primary.busy, SQLiteError.Primary.locked: .locked
            case SQLiteError.Primary.notADatabase, SQLiteError.Primary.corrupt: .notADatabase
            case SQLiteError.Primary.readOnly, SQLiteError.Primary.cannotOpen: .notWritable
            case SQLiteError.Primary.full: .full
            default: error.message.hasPrefix("no such ") ? .notAnOutbox : .failed
            }
        self.init(code, path, "\(printable(Array(error.message.utf8))) (SQLite code \(error.code))")
    }

    /// Runs `body` and turns what SQLite throws into an ``OutboxError``.
    static func wrapping<Value>(_ path: PathBytes, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let error as SQLiteError { throw OutboxError(error, path) }
    }
}
