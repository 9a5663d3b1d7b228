internal import CSQLite

/// A prepared statement. Parameters count from 1, columns from 0, as in SQLite.
///
/// Text and blobs are copied by SQLite when bound, unless bound with ``bindStatic(_:_:)``.
@safe
package final class Statement {
    private let handle: OpaquePointer
    private unowned let connection: Connection
    private let sql: String

    init(_ connection: Connection, _ sql: String) throws {
        self.connection = connection
        self.sql = sql
        var prepared: OpaquePointer?
        let flags = UInt32(SQLITE_PREPARE_PERSISTENT)
        try connection.check(unsafe sqlite3_prepare_v3(connection.handle, sql, -1, flags, &prepared, nil), sql)
        guard let statement = unsafe prepared else {
            throw SQLiteError(code: SQLITE_MISUSE, message: "empty statement", operation: sql)
        }
        unsafe handle = statement
    }

    deinit { unsafe sqlite3_finalize(handle) }

    /// Binds an integer; nil binds NULL.
    package func bind(_ index: Int32, _ value: Int64?) throws {
        let code =
            if let value { unsafe sqlite3_bind_int64(handle, index, value) } else {
                unsafe sqlite3_bind_null(handle, index)
            }
        try connection.check(code, sql)
    }

    /// Binds a floating-point number.
    package func bind(_ index: Int32, _ value: Double) throws {
        try connection.check(unsafe sqlite3_bind_double(handle, index, value), sql)
    }

    /// Binds text; nil binds NULL.
    package func bind(_ index: Int32, _ value: String?) throws {
        guard var value else { return try bind(index, nil as Int64?) }
        let code = value.withUTF8 { text in
            unsafe text.withMemoryRebound(to: CChar.self) { bytes in
                if let start = bytes.baseAddress {
                    unsafe sqlite3_bind_text(handle, index, start, Int32(bytes.count), Self.copied)
                } else {
                    unsafe sqlite3_bind_text(handle, index, "", 0, Self.copied)
                }
            }
        }
        try connection.check(code, sql)
    }

    /// Binds a blob, copying it; an empty one binds an empty blob, not NULL.
    package func bind(_ index: Int32, _ value: [UInt8]) throws {
        try unsafe value.withUnsafeBytes { try unsafe bind(index, $0, lifetime: Self.copied) }
    }

    /// Binds a blob without copying it: `value` must stay valid and unchanged until the statement is reset.
    package func bindStatic(_ index: Int32, _ value: UnsafeRawBufferPointer) throws {
        try unsafe bind(index, value, lifetime: nil)
    }

    private func bind(_ index: Int32, _ value: UnsafeRawBufferPointer, lifetime: sqlite3_destructor_type?) throws {
        let code =
            if unsafe value.isEmpty { unsafe sqlite3_bind_zeroblob(handle, index, 0) } else {
                unsafe sqlite3_bind_blob64(handle, index, value.baseAddress, UInt64(value.count), lifetime)
            }
        try connection.check(code, sql)
    }

    /// Moves to the next row; false at the end.
    package func step() throws -> Bool {
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        try connection.check(code, sql)
        return false
    }

    /// Runs a statement that yields no rows, then resets it.
    package func run() throws {
        defer { reset() }
        while try step() {}
    }

    /// Makes the statement ready for another run and forgets its parameters.
    package func reset() {
        unsafe sqlite3_reset(handle)
        unsafe sqlite3_clear_bindings(handle)
    }

    /// Whether the column is NULL in the current row.
    package func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(handle, column) == SQLITE_NULL }

    /// The column as an integer; 0 for NULL.
    package func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(handle, column) }

    /// The column as a floating-point number; 0 for NULL.
    package func double(_ column: Int32) -> Double { unsafe sqlite3_column_double(handle, column) }

    /// The column as text; empty for NULL. Bytes that are not UTF-8 are repaired.
    package func text(_ column: Int32) -> String {
        guard let start = unsafe sqlite3_column_text(handle, column) else { return "" }
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The column's bytes, copied; empty for NULL.
    package func bytes(_ column: Int32) -> [UInt8] { unsafe withBytes(column) { unsafe Array($0) } }

    /// Lends the column's bytes until the next step or reset.
    package func withBytes<Value>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
        let start = unsafe sqlite3_column_blob(handle, column)
        let count = Int(unsafe sqlite3_column_bytes(handle, column))
        return try unsafe body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    private static let copied = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
