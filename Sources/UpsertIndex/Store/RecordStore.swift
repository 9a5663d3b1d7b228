internal import UpsertSQLite

/// The records of one index, durable: a call that writes has been synced to disk when it returns.
///
/// One SQLite connection, used on one queue. Search streams rows, so memory does not grow with the index.
actor RecordStore {
    nonisolated let executor = DiskExecutor()
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private var open: Connection?
    let metric: Metric
    let journal: WriteJournal?
    var namespaces: [String: NamespaceRow]

    /// Opens the database of `directory`, making it if there is none.
    ///
    /// - Throws: ``IndexError`` when it belongs to another kind of index; `SQLiteError`, also when another process
    ///   has it open.
    init(directory: String, dimension: Int, metric: Metric, journal: WriteJournal?) throws {
        let connection = try Connection(path: directory + "/index.sqlite", mode: .create)
        try connection.execute("PRAGMA page_size = 16384")
        try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        _ = try connection.text("PRAGMA journal_mode = WAL")
        try connection.execute("PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF; PRAGMA cache_size = -65536")
        guard try connection.integer("PRAGMA synchronous") == 2 else {
            throw IndexError("SQLite does not take synchronous = FULL")
        }
        try Self.identify(connection, dimension: dimension, metric: metric)
        open = connection
        self.metric = metric
        self.journal = journal
        namespaces = try Self.loadNamespaces(connection)
    }

    /// Closes the database, so that another server may open it; further calls are refused.
    func close() { open = nil }

    var connection: Connection {
        get throws {
            guard let open else { throw ServiceError(code: .unavailable, message: "the index is closed") }
            return open
        }
    }

    /// Creates the tables, or checks that the index there is of the same kind.
    private static func identify(_ connection: Connection, dimension: Int, metric: Metric) throws {
        let version = try connection.integer("PRAGMA user_version")
        if version == 0 {
            try connection.transaction {
                try connection.execute(Schema.statements)
                try connection.execute("INSERT INTO property VALUES('dimension', '\(dimension)')")
                try connection.execute("INSERT INTO property VALUES('metric', '\(metric.rawValue)')")
                try connection.execute("PRAGMA user_version = \(Schema.version)")
            }
            return
        }
        guard version == Schema.version else {
            throw IndexError("the index was written by another version (\(version), this is \(Schema.version))")
        }
        let oldDimension = try connection.text("SELECT value FROM property WHERE name = 'dimension'")
        let oldMetric = try connection.text("SELECT value FROM property WHERE name = 'metric'")
        guard oldDimension == "\(dimension)", oldMetric == metric.rawValue else {
            throw IndexError(
                "the index has dimension \(oldDimension) and metric \(oldMetric), not \(dimension) and "
                    + metric.rawValue)
        }
    }

    private static func loadNamespaces(_ connection: Connection) throws -> [String: NamespaceRow] {
        var rows: [String: NamespaceRow] = [:]
        let query = try connection.statement("SELECT key, name, records, lsn, fields FROM namespace")
        defer { query.reset() }
        while try query.step() {
            let row = NamespaceRow(
                key: query.integer(0), name: query.text(1), records: Int(query.integer(2)),
                lsn: UInt64(query.integer(3)), fields: try FieldList.decode(query.text(4)))
            rows[row.name] = row
        }
        return rows
    }

    /// Runs `body` on a namespace in one synced transaction and gives it its next log sequence number.
    ///
    /// - Parameter creating: Whether to create the namespace; else a missing one is an error.
    func write<Value>(
        _ name: String, creating: Bool = false, fields: [String] = [], _ body: (inout NamespaceRow) throws -> Value
    ) throws -> (value: Value, lsn: UInt64) {
        guard var row = namespaces[name] ?? (creating ? NamespaceRow(name: name, fields: fields) : nil) else {
            throw ServiceError.namespaceNotFound
        }
        let connection = try connection
        let value = try connection.transaction {
            if namespaces[name] == nil {
                let insert = try connection.statement(
                    "INSERT INTO namespace(name, records, lsn, fields) VALUES(?, 0, 0, ?)")
                try insert.bind(1, name)
                try insert.bind(2, FieldList.encode(fields))
                try insert.run()
                row.key = connection.lastInsertedRow
            }
            let value = try body(&row)
            row.lsn += 1
            let update = try connection.statement("UPDATE namespace SET records = ?, lsn = ? WHERE key = ?")
            try update.bind(1, Int64(row.records))
            try update.bind(2, Int64(row.lsn))
            try update.bind(3, row.key)
            try update.run()
            return value
        }
        namespaces[name] = row
        return (value, row.lsn)
    }

    /// The last log sequence number of a namespace; 0 if there is none.
    func lastLSN(_ namespace: String) -> UInt64 { namespaces[namespace]?.lsn ?? 0 }
}

extension NamespaceRow {
    fileprivate init(name: String, fields: [String]) {
        self.init(key: 0, name: name, records: 0, lsn: 0, fields: fields)
    }
}

/// Schema fields as one JSON array.
enum FieldList {
    static func encode(_ fields: [String]) -> String {
        JSONWriter.text { $0.array { for field in fields { $0.string(field) } } }
    }

    static func decode(_ text: String) throws -> [String] {
        guard case .array(let values) = try JSONReader.parse(Array(text.utf8)[...]) else { return [] }
        return values.compactMap { if case .string(let name) = $0 { name } else { nil } }
    }
}

/// Why an index cannot be opened. An operator can act on it.
package struct IndexError: Error, Sendable, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}
