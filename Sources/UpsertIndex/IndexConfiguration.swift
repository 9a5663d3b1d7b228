/// What an index is and where it listens.
package struct IndexConfiguration: Sendable {
    /// Directory of the database; made if absent. One server at a time.
    package var directory: String
    package var host: String
    /// TCP port; 0 takes a free one.
    package var port: Int
    /// Dense dimension, 1...20,000; 0 makes a sparse index, which must use ``Metric/dotproduct``.
    package var dimension: Int
    package var metric: Metric
    /// The key that every request must carry; nil accepts any or none.
    package var apiKey: String?
    /// Whether `/_faults` answers, so that a test in another process can inject faults.
    package var faultControl: Bool
    /// Whether applied writes are recorded in memory and shown at `/_journal`. Grows without bound: for tests.
    package var journal: Bool

    package init(
        directory: String, host: String = "127.0.0.1", port: Int = 0, dimension: Int, metric: Metric = .cosine,
        apiKey: String? = nil, faultControl: Bool = false, journal: Bool = false
    ) {
        self.directory = directory
        self.host = host
        self.port = port
        self.dimension = dimension
        self.metric = metric
        self.apiKey = apiKey
        self.faultControl = faultControl
        self.journal = journal
    }

    /// Why the configuration makes no sense; nil if it does.
    package var problem: String? {
        if !(0...IndexLimits.dimensionMax).contains(dimension) {
            return "dimension must be 0...\(IndexLimits.dimensionMax), is \(dimension)"
        }
        if dimension == 0, metric != .dotproduct { return "a sparse index (dimension 0) must use dotproduct" }
        if directory.isEmpty { return "directory is empty" }
        return nil
    }
}
