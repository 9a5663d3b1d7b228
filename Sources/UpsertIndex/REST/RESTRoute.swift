internal import UpsertHTTP

/// Which operation a REST request asks for.
enum RESTRoute: Equatable {
    case upsert
    case update
    case delete
    case deleteByParameters
    case fetch
    case fetchByMetadata
    case list
    case query
    case stats
    case upsertText(namespace: String)
    case listNamespaces
    case createNamespace
    case describeNamespace(String)
    case deleteNamespace(String)

    /// Whether errors take the shape of the records API.
    var isRecordsAPI: Bool { if case .upsertText = self { true } else { false } }

    /// The route of a request; nil if there is none.
    init?(_ request: HTTPRequest) {
        let segments = request.path.split(separator: "/", omittingEmptySubsequences: true)
        let decoded = segments.compactMap { PercentCoding.decode($0) }
        guard decoded.count == segments.count else { return nil }
        switch (request.method, decoded.first, decoded.count) {
        case (_, "vectors", 2): self.init(vectors: decoded[1], method: request.method)
        case ("POST", "query", 1): self = .query
        case ("POST", "describe_index_stats", 1), ("GET", "describe_index_stats", 1): self = .stats
        case ("POST", "records", 4) where decoded[1] == "namespaces" && decoded[3] == "upsert":
            self = .upsertText(namespace: decoded[2])
        case ("GET", "namespaces", 1): self = .listNamespaces
        case ("POST", "namespaces", 1): self = .createNamespace
        case ("GET", "namespaces", 2): self = .describeNamespace(decoded[1])
        case ("DELETE", "namespaces", 2): self = .deleteNamespace(decoded[1])
        default: return nil
        }
    }

    private init?(vectors name: String, method: String) {
        switch (method, name) {
        case ("POST", "upsert"): self = .upsert
        case ("POST", "update"): self = .update
        case ("POST", "delete"): self = .delete
        case ("DELETE", "delete"): self = .deleteByParameters
        case ("GET", "fetch"): self = .fetch
        case ("POST", "fetch_by_metadata"): self = .fetchByMetadata
        case ("GET", "list"): self = .list
        default: return nil
        }
    }
}
