import Glibc
import Testing
import UpsertSQLite

@testable import UpsertStorage

/// A database of its own, written by the `sqlite3` program as a producer would.
final class OutboxFixture {
    private let directory = SpoolFixture()
    var path: String { directory.path + "/app.db" }

    /// Runs the `sqlite3` program on the database and waits for it.
    func sqlite(_ sql: String) {
        let status = directory.run("sqlite3", "-bail", "-cmd", ".timeout 5000", path, sql)
        precondition(status == 0, "sqlite3 failed with \(status): \(sql)")
    }

    func write(_ content: String) { directory.write(content, to: "app.db") }

    /// Puts another outbox in the place of this one.
    func replace() throws {
        rename(path, path + ".old")
        try OutboxSchema.create(path)
    }

    /// The single value that `sql` yields, seen through another connection.
    func value(_ sql: String) throws -> String {
        try Connection(path: path, mode: .readWrite, busyTimeout: 5_000).text(sql)
    }

    func source() throws -> OutboxSource { try OutboxSource(path: path) }
}

extension OutboxRows {
    /// The records as text, `nil` for NULL.
    var texts: [String?] {
        rows.map { row in row.record.map { _ in withRecord(of: row) { String(decoding: $0, as: UTF8.self) } } }
    }
}
