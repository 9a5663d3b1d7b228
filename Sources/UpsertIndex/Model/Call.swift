/// One request, decoded, whichever wire brought it. Default namespaces are still as the client wrote them.
enum Call: Sendable {
    case upsert(UpsertCall)
    /// Text records of `/records/namespaces/{namespace}/upsert`.
    case upsertText(UpsertCall)
    case update(UpdateCall)
    case delete(DeleteCall)
    case fetch(FetchCall)
    case fetchByMetadata(FetchByMetadataCall)
    case list(ListCall)
    case query(QueryCall)
    case stats(hasFilter: Bool)
    case listNamespaces(ListNamespacesCall)
    case createNamespace(CreateNamespaceCall)
    case describeNamespace(String)
    case deleteNamespace(String)

    var operation: IndexOperation {
        switch self {
        case .upsert: .upsert
        case .upsertText: .upsertText
        case .update: .update
        case .delete: .delete
        case .query: .query
        case .fetch, .fetchByMetadata, .list, .stats: .read
        case .listNamespaces, .createNamespace, .describeNamespace, .deleteNamespace: .namespaces
        }
    }

    /// The record ids that a write names; empty for anything else.
    var writtenIDs: [String] {
        switch self {
        case .upsert(let call), .upsertText(let call): call.records.map(\.id)
        case .update(let call): call.id.isEmpty ? [] : [call.id]
        case .delete(let call): call.ids
        default: []
        }
    }

    /// The namespace that a write goes to, as the client wrote it.
    var writtenNamespace: String {
        switch self {
        case .upsert(let call), .upsertText(let call): call.namespace
        case .update(let call): call.namespace
        case .delete(let call): call.namespace
        default: ""
        }
    }
}

/// Kinds of request that a fault can single out.
package enum IndexOperation: String, Sendable, CaseIterable {
    case upsert
    case upsertText = "upsert_text"
    case update
    case delete
    case query
    /// fetch, fetch_by_metadata, list, stats.
    case read
    /// Anything under `/namespaces`.
    case namespaces

    /// Whether records may change.
    package var isWrite: Bool {
        switch self {
        case .upsert, .upsertText, .update, .delete: true
        case .query, .read, .namespaces: false
        }
    }
}

struct UpsertCall: Sendable {
    var namespace = ""
    var records: [VectorRecord] = []
}

struct UpdateCall: Sendable {
    var namespace = ""
    var id = ""
    var dense: ArraySlice<UInt8> = []
    var sparse: SparseVector?
    /// Compact JSON text of an object; empty if not given.
    var setMetadata: ArraySlice<UInt8> = []
    var filter: JSONValue?
    var dryRun = false
}

struct DeleteCall: Sendable {
    var namespace = ""
    var ids: [String] = []
    var deleteAll = false
    var filter: JSONValue?
}

struct FetchCall: Sendable {
    var namespace = ""
    var ids: [String] = []
}

struct FetchByMetadataCall: Sendable {
    var namespace = ""
    var filter: JSONValue?
    var limit: Int?
    var token: String?
}

struct ListCall: Sendable {
    var namespace = ""
    var prefix = ""
    var limit: Int?
    var token: String?
}

struct QueryCall: Sendable {
    var namespace = ""
    var topK = 0
    var filter: JSONValue?
    var includeValues = false
    var includeMetadata = false
    var dense: ArraySlice<UInt8> = []
    var sparse: SparseVector?
    var id = ""
}

struct ListNamespacesCall: Sendable {
    var prefix = ""
    var limit: Int?
    var token: String?
}

struct CreateNamespaceCall: Sendable {
    var name = ""
    /// Names of the schema's fields, in order; all filterable.
    var fields: [String] = []
    /// A field that was sent with `filterable: false`.
    var refusedField: String?
}
