/// What a call yields, whichever wire takes it back. Namespaces are as the client wrote them.
enum Reply: Sendable {
    case upserted(Int)
    case textAccepted
    /// `matched` only for an update by filter.
    case updated(matched: Int?)
    case deleted
    case fetched([VectorRecord], namespace: String)
    case fetchedByMetadata([VectorRecord], next: String?, namespace: String)
    case listed([String], next: String?, namespace: String)
    case matches([Match], namespace: String)
    case stats(IndexStats)
    case namespaces([NamespaceSummary], next: String?, total: Int)
    case namespace(NamespaceSummary)
}

/// One hit of a query.
struct Match: Sendable {
    var record: VectorRecord
    var score: Float
}

/// Counts of the whole index.
struct IndexStats: Sendable {
    /// Sorted by name; the default namespace is `""`.
    var namespaces: [NamespaceSummary]
    var dimension: Int
    var metric: Metric

    var total: Int { namespaces.reduce(0) { $0 + $1.records } }
}

/// One namespace.
struct NamespaceSummary: Sendable, Equatable {
    /// `""` for the default namespace.
    var name: String
    var records: Int
    /// Fields of the schema it was created with.
    var fields: [String]

    /// The name that the API shows: the default namespace has one too.
    var shownName: String { name.isEmpty ? Namespace.defaultName : name }
}

/// Naming of namespaces.
enum Namespace {
    static let defaultName = "__default__"

    /// `""` for either spelling of the default namespace.
    static func normalized(_ name: String) -> String { name == defaultName ? "" : name }
}

/// A reply with the log sequence number that goes into its headers.
struct Answer: Sendable {
    /// Which of the two LSN headers.
    enum LSN: Sendable, Equatable {
        case request(UInt64)
        case maxIndexed(UInt64)
    }

    var reply: Reply
    var lsn: LSN?
}
