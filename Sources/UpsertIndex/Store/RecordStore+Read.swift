internal import UpsertSQLite

extension RecordStore {
    /// The records with these ids, in order; missing ones are left out.
    func fetch(_ ids: [String], namespace: String) throws -> [VectorRecord] {
        guard let row = namespaces[namespace] else { return [] }
        return try ids.compactMap { try record($0, namespace: row.key) }
    }

    /// A page of records that pass the filter, by id, after `after`; `next` is the id to go on after, if any are left.
    func fetch(
        matching filter: Filter, namespace: String, after: String, limit: Int
    ) throws -> (records: [VectorRecord], next: String?) {
        guard let row = namespaces[namespace] else { return ([], nil) }
        let query = try connection.statement(
            "SELECT id, dense, sparse, metadata FROM record WHERE namespace = ? AND id > ? ORDER BY id")
        defer { query.reset() }
        try query.bind(1, row.key)
        try query.bind(2, after)
        var records: [VectorRecord] = []
        while try query.step() {
            guard try filter.matches(text: query.bytes(3)[...]) else { continue }
            if records.count == limit { return (records, records.last?.id) }
            records.append(Self.record(query))
        }
        return (records, nil)
    }

    /// A page of ids with this prefix in byte order, after `after`.
    func list(prefix: String, namespace: String, after: String, limit: Int) throws -> (ids: [String], next: String?) {
        guard let row = namespaces[namespace] else { return ([], nil) }
        let query = try connection.statement(
            "SELECT id FROM record WHERE namespace = ? AND id > ? AND id >= ? ORDER BY id LIMIT ?")
        defer { query.reset() }
        try query.bind(1, row.key)
        try query.bind(2, after)
        try query.bind(3, prefix)
        try query.bind(4, Int64(limit + 1))
        var ids: [String] = []
        while try query.step() {
            let id = query.text(0)
            guard id.utf8.starts(with: prefix.utf8) else { break }
            if ids.count == limit { return (ids, ids.last) }
            ids.append(id)
        }
        return (ids, nil)
    }

    /// Whether any of these ids is there, and the stored record of one.
    func record(_ id: String, namespace: Int64) throws -> VectorRecord? {
        let query = try connection.statement(
            "SELECT id, dense, sparse, metadata FROM record WHERE namespace = ? AND id = ?")
        defer { query.reset() }
        try query.bind(1, namespace)
        try query.bind(2, id)
        return try query.step() ? Self.record(query) : nil
    }

    func record(key: Int64) throws -> VectorRecord? {
        let query = try connection.statement("SELECT id, dense, sparse, metadata FROM record WHERE key = ?")
        defer { query.reset() }
        try query.bind(1, key)
        return try query.step() ? Self.record(query) : nil
    }

    /// Keys of the rows that pass the filter, at most `limit`.
    func keys(matching filter: Filter, namespace: Int64, limit: Int) throws -> [Int64] {
        let query = try connection.statement("SELECT key, metadata FROM record WHERE namespace = ?")
        defer { query.reset() }
        try query.bind(1, namespace)
        var keys: [Int64] = []
        while keys.count < limit, try query.step() {
            if try filter.matches(text: query.bytes(1)[...]) { keys.append(query.integer(0)) }
        }
        return keys
    }

    private static func record(_ row: Statement) -> VectorRecord {
        let sparse = unsafe row.withBytes(2) { unsafe $0.isEmpty ? nil : SparseBytes.decode($0) }
        return VectorRecord(id: row.text(0), dense: row.bytes(1)[...], sparse: sparse, metadata: row.bytes(3)[...])
    }
}
