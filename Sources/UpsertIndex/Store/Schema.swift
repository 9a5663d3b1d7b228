/// The tables of an index.
enum Schema {
    /// Raised when a table changes.
    static let version = 1

    static let statements = """
        CREATE TABLE property(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE namespace(
            key INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            records INTEGER NOT NULL,
            lsn INTEGER NOT NULL,
            fields TEXT NOT NULL
        );
        CREATE TABLE record(
            key INTEGER PRIMARY KEY,
            namespace INTEGER NOT NULL,
            id TEXT NOT NULL,
            dense BLOB NOT NULL,
            sparse BLOB NOT NULL,
            metadata BLOB NOT NULL,
            UNIQUE(namespace, id)
        );
        """
}

/// A namespace as the store keeps it in memory; the table holds the same.
struct NamespaceRow: Sendable {
    var key: Int64
    var name: String
    var records: Int
    /// Counts writes; only ever grows while the namespace exists.
    var lsn: UInt64
    var fields: [String]

    var summary: NamespaceSummary { NamespaceSummary(name: name, records: records, fields: fields) }
}
