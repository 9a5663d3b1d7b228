/// What SQLite refused, where and why.
package struct SQLiteError: Error, Sendable, CustomStringConvertible {
    /// Extended result code, such as 3338 (`SQLITE_IOERR_ACCESS`).
    package var code: Int32
    /// SQLite's own words.
    package var message: String
    /// The statement or step that failed.
    package var operation: String

    package init(code: Int32, message: String, operation: String) {
        self.code = code
        self.message = message
        self.operation = operation
    }

    /// The low byte of ``code``: 5 busy, 10 I/O error, 11 corrupt, 13 full, 26 not a database.
    package var primaryCode: Int32 { code & 0xff }

    package var description: String { "\(operation): \(message) (SQLite code \(code))" }

    /// Result codes that callers tell apart. Source: sqlite.org/rescode.html.
    package enum Primary {
        package static let busy: Int32 = 5
        package static let locked: Int32 = 6
        package static let readOnly: Int32 = 8
        package static let ioError: Int32 = 10
        package static let corrupt: Int32 = 11
        package static let full: Int32 = 13
        package static let cannotOpen: Int32 = 14
        package static let constraint: Int32 = 19
        package static let notADatabase: Int32 = 26
    }
}
