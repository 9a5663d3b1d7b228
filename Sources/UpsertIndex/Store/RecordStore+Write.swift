internal import UpsertSQLite

extension RecordStore {
    /// Replaces whole records; of a repeated id the last one stays.
    func upsert(_ records: [VectorRecord], namespace: String, request: Int) throws -> UInt64 {
        let (_, lsn) = try write(namespace, creating: true) { row in
            for record in records { try store(record, in: &row) }
        }
        journal?.append(
            records.map { .init(request: request, namespace: namespace, id: $0.id, operation: .upsert, record: $0) })
        return lsn
    }

    private func store(_ record: VectorRecord, in row: inout NamespaceRow) throws {
        let insert = try connection.statement(
            "INSERT OR IGNORE INTO record(namespace, id, dense, sparse, metadata) VALUES(?1, ?2, ?3, ?4, ?5)")
        try run(insert, record, namespace: row.key)
        if try connection.changes == 1 {
            row.records += 1
            return
        }
        let update = try connection.statement(
            "UPDATE record SET dense = ?3, sparse = ?4, metadata = ?5 WHERE namespace = ?1 AND id = ?2")
        try run(update, record, namespace: row.key)
    }

    private func run(_ statement: Statement, _ record: VectorRecord, namespace: Int64) throws {
        try statement.bind(1, namespace)
        try statement.bind(2, record.id)
        try statement.bind(4, record.sparse.map(SparseBytes.encode) ?? [])
        // The blobs of a batch lie in the request; they are lent to SQLite, not copied.
        try unsafe record.dense.withUnsafeBytes { dense in
            try unsafe record.metadata.withUnsafeBytes { metadata in
                try unsafe statement.bindStatic(3, dense)
                try unsafe statement.bindStatic(5, metadata)
                try statement.run()
            }
        }
    }

    /// Changes parts of one record; nothing happens, and the namespace need not exist, if it is missing.
    ///
    /// - Returns: The write's LSN; nil if the namespace does not exist.
    func update(_ call: UpdateCall, namespace: String, request: Int) throws -> UInt64? {
        guard namespaces[namespace] != nil else { return nil }
        let (changed, lsn) = try write(namespace) { row -> VectorRecord? in
            guard var record = try record(call.id, namespace: row.key) else { return nil }
            if !call.dense.isEmpty { record.dense = call.dense }
            if let sparse = call.sparse { record.sparse = sparse }
            if !call.setMetadata.isEmpty {
                record.metadata = try MetadataRules.merge(call.setMetadata, into: record.metadata)
                try MetadataRules.checkSize(record.metadata.count)
            }
            try store(record, in: &row)
            return record
        }
        if let changed {
            journal?.append(
                [.init(request: request, namespace: namespace, id: call.id, operation: .update, record: changed)])
        }
        return lsn
    }

    /// Merges metadata into every record that passes the filter, up to the service's bound.
    ///
    /// - Returns: How many records passed, and the LSN; nil for a dry run or a missing namespace.
    func update(
        matching filter: Filter, set changes: ArraySlice<UInt8>, dryRun: Bool, namespace: String, request: Int
    ) throws -> (matched: Int, lsn: UInt64?) {
        guard let row = namespaces[namespace] else { return (0, nil) }
        let rows = try keys(matching: filter, namespace: row.key, limit: IndexLimits.updateByFilterRecords)
        guard !dryRun, !rows.isEmpty else { return (rows.count, nil) }
        let (changed, lsn) = try write(namespace) { row -> [VectorRecord] in
            var changed: [VectorRecord] = []
            for key in rows {
                guard var record = try record(key: key) else { continue }
                record.metadata = try MetadataRules.merge(changes, into: record.metadata)
                try MetadataRules.checkSize(record.metadata.count)
                try store(record, in: &row)
                if journal != nil { changed.append(record) }
            }
            return changed
        }
        journal?.append(
            changed.map { .init(request: request, namespace: namespace, id: $0.id, operation: .update, record: $0) })
        return (rows.count, lsn)
    }

    /// Deletes records by id; missing ids are no error, a missing namespace is.
    func delete(ids: [String], namespace: String, request: Int) throws -> UInt64 {
        let (_, lsn) = try write(namespace) { row in
            let statement = try connection.statement("DELETE FROM record WHERE namespace = ? AND id = ?")
            for id in ids {
                try statement.bind(1, row.key)
                try statement.bind(2, id)
                try statement.run()
                row.records -= try connection.changes
            }
        }
        journal?.append(
            ids.map { .init(request: request, namespace: namespace, id: $0, operation: .delete, record: nil) })
        return lsn
    }

    /// Deletes every record of a namespace, which stays.
    func deleteAll(namespace: String) throws -> UInt64 {
        try write(namespace) { row in
            try deleteRecords(of: row)
            row.records = 0
        }.lsn
    }

    /// Deletes the records that pass the filter.
    func delete(matching filter: Filter, namespace: String) throws -> UInt64 {
        try write(namespace) { row in
            let statement = try connection.statement("DELETE FROM record WHERE key = ?")
            for key in try keys(matching: filter, namespace: row.key, limit: .max) {
                try statement.bind(1, key)
                try statement.run()
                row.records -= 1
            }
        }.lsn
    }

    func deleteRecords(of row: NamespaceRow) throws {
        let statement = try connection.statement("DELETE FROM record WHERE namespace = ?")
        try statement.bind(1, row.key)
        try statement.run()
    }
}
