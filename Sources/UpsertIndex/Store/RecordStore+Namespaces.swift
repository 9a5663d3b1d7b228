internal import UpsertSQLite

extension RecordStore {
    /// Every namespace, sorted by the bytes of the name that the API shows.
    func allNamespaces() -> [NamespaceSummary] {
        namespaces.values.map(\.summary).sorted {
            $0.shownName.utf8.lexicographicallyPrecedes($1.shownName.utf8)
        }
    }

    func describe(namespace: String) throws -> NamespaceSummary {
        guard let row = namespaces[namespace] else { throw ServiceError.namespaceNotFound }
        return row.summary
    }

    func create(namespace: String, fields: [String]) throws -> NamespaceSummary {
        guard namespaces[namespace] == nil else {
            throw ServiceError(code: .alreadyExists, message: "Namespace already exists")
        }
        _ = try write(namespace, creating: true, fields: fields) { _ in }
        return try describe(namespace: namespace)
    }

    /// Removes a namespace with its records.
    func remove(namespace: String) throws {
        guard let row = namespaces[namespace] else { throw ServiceError.namespaceNotFound }
        try connection.transaction {
            try deleteRecords(of: row)
            let statement = try connection.statement("DELETE FROM namespace WHERE key = ?")
            try statement.bind(1, row.key)
            try statement.run()
        }
        namespaces[namespace] = nil
    }
}
