internal import UpsertCore
internal import UpsertSQLite

extension Queue {
    /// Notes the index that a target stands for, unless records wait that were accepted for another one.
    ///
    /// - Parameter host: What tells the index from others.
    /// - Returns: The other index's host, when records wait for it; nil when `host` is noted.
    /// - Throws: ``QueueError``.
    package func adoptHost(_ host: String, target: String) throws -> String? {
        let known = try knownHost(target: target)
        guard known != host else { return nil }
        if let known, window.queuedByTarget[target] ?? 0 > 0 { return known }
        try setHost(host, target: target)
        return nil
    }

    /// Notes the index that a target stands for, whatever waits.
    ///
    /// - Throws: ``QueueError``.
    package func setHost(_ host: String, target: String) throws {
        try commit {
            let insert = try connection.statement("INSERT OR REPLACE INTO target VALUES (?, ?)")
            try insert.bind(1, target)
            try insert.bind(2, host)
            try insert.run()
        }
    }

    private func knownHost(target: String) throws -> String? {
        try reading {
            let query = try connection.statement("SELECT host FROM target WHERE name = ?")
            defer { query.reset() }
            try query.bind(1, target)
            return try query.step() ? query.text(0) : nil
        }
    }
}
