internal import UpsertSQLite

extension Queue {
    /// Remembers, over restarts, whether an operator has paused a target.
    package func setPaused(_ paused: Bool, target: String) throws {
        try commit {
            let change = try connection.statement(
                paused ? "INSERT OR REPLACE INTO setting VALUES (?, 1)" : "DELETE FROM setting WHERE name = ?")
            try change.bind(1, "paused:" + target)
            try change.run()
        }
    }

    /// Whether an operator has paused a target.
    package func isPaused(target: String) throws -> Bool {
        try reading {
            let query = try connection.statement("SELECT 1 FROM setting WHERE name = ?")
            defer { query.reset() }
            try query.bind(1, "paused:" + target)
            return try query.step()
        }
    }
}
