internal import UpsertSQLite

/// The keys of a table's rows that can still be read, although some of its pages cannot.
///
/// Reads upwards until a page fails, then downwards until one fails, and looks for what lies between by halving: where a
/// query that starts in the middle works, it finds the rows of that part.
struct ReadableRows {
    /// In ascending order.
    private(set) var keys: [Int64] = []
    /// Whether part of the table cannot be read.
    private(set) var hasGaps = false
    private var probes = 0

    /// Queries that may fail before the search is given up.
    private static let probesMax = 20_000

    init(_ connection: Connection, table: String, key: String) {
        let up = "SELECT \(key) FROM \(table) WHERE \(key) > ?1 AND \(key) < ?2 ORDER BY \(key)"
        var found: Set<Int64> = []
        search(connection, up, up + " DESC", above: .min, below: .max, &found)
        keys = found.sorted()
    }

    private mutating func search(
        _ connection: Connection, _ up: String, _ down: String, above: Int64, below: Int64, _ found: inout Set<Int64>
    ) {
        guard probes < Self.probesMax else { return hasGaps = true }
        let (lowest, whole) = read(connection, up, above, below, &found)
        if whole { return }
        hasGaps = true
        let (highest, _) = read(connection, down, lowest ?? above, below, &found)
        let (low, high) = (lowest ?? above, highest ?? below)
        // The row just above `low` lies on a page that fails; halve what is between.
        let width = high.subtractingReportingOverflow(low)
        guard width.overflow || width.partialValue > 2 else { return }
        let middle = low / 2 + high / 2
        guard middle > low, middle < high else { return }
        search(connection, up, down, above: low, below: middle, &found)
        search(connection, up, down, above: middle - 1, below: high, &found)
    }

    /// Reads rows in order until the end or an error; returns the last key, and whether the end was reached.
    private mutating func read(
        _ connection: Connection, _ sql: String, _ above: Int64, _ below: Int64, _ found: inout Set<Int64>
    ) -> (last: Int64?, whole: Bool) {
        var last: Int64?
        do {
            let query = try connection.statement(sql)
            defer { query.reset() }
            try query.bind(1, above)
            try query.bind(2, below)
            while try query.step() {
                last = query.integer(0)
                found.insert(query.integer(0))
            }
            return (last, true)
        } catch {
            probes += 1
            return (last, false)
        }
    }
}
