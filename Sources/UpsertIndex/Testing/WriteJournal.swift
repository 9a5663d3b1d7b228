internal import Synchronization

/// What was applied, in order, and which requests had the same record open at the same time. For tests.
///
/// Kept in memory, without a bound.
package final class WriteJournal: Sendable {
    /// One applied write of one record.
    package struct Entry: Sendable, Equatable {
        /// Counts the requests that the server received, from 1.
        package var request: Int
        /// `""` for the default namespace.
        package var namespace: String
        package var id: String
        package var operation: IndexOperation
        /// The first dense value of the record after the write, so that a test can number its versions with it.
        package var first: Float?
    }

    /// Two requests that were open at the same time with the same record.
    package struct Overlap: Sendable, Equatable {
        package var namespace: String
        package var id: String
        package var earlier: Int
        package var later: Int
        /// Whether both carried the same version, as after an attempt whose outcome the client could not know.
        package var isSameVersion: Bool
    }

    private struct Key: Hashable {
        var namespace: String
        var id: String
    }

    private struct Claim {
        var request: Int
        var version: Int
    }

    private struct State {
        var entries: [Entry] = []
        var overlaps: [Overlap] = []
        var open: [Key: [Claim]] = [:]
        var keys: [Int: [Key]] = [:]
    }

    private let state = Mutex(State())

    /// Applied writes, in the order of their commits.
    package var entries: [Entry] { state.withLock { $0.entries } }

    /// Overlaps in the order in which they began; empty if no record was ever in two open requests.
    package var overlaps: [Overlap] { state.withLock { $0.overlaps } }

    /// Write requests that name records and are being answered now.
    package var openRequests: Int { state.withLock { $0.keys.count } }

    /// Forgets what has been recorded; requests open now stay known.
    package func clear() {
        state.withLock { state in
            state.entries = []
            state.overlaps = []
        }
    }

    func append(_ applied: [Applied]) {
        state.withLock { $0.entries.append(contentsOf: applied.map(\.entry)) }
    }

    /// Notes that a request has arrived; ``close(_:)`` must follow before it is answered.
    func open(_ request: Int, _ call: Call) {
        guard call.operation.isWrite else { return }
        let namespace = Namespace.normalized(call.writtenNamespace)
        let versions = call.versions
        state.withLock { state in
            for (id, version) in versions {
                let key = Key(namespace: namespace, id: id)
                for other in state.open[key] ?? [] where other.request != request {
                    state.overlaps.append(
                        Overlap(
                            namespace: namespace, id: id, earlier: other.request, later: request,
                            isSameVersion: other.version == version))
                }
                state.open[key, default: []].append(Claim(request: request, version: version))
                state.keys[request, default: []].append(key)
            }
        }
    }

    func close(_ request: Int) {
        state.withLock { state in
            for key in state.keys.removeValue(forKey: request) ?? [] {
                state.open[key]?.removeAll { $0.request == request }
                if state.open[key]?.isEmpty == true { state.open[key] = nil }
            }
        }
    }

    /// One applied write, as the store knows it.
    struct Applied {
        var request: Int
        var namespace: String
        var id: String
        var operation: IndexOperation
        var record: VectorRecord?

        fileprivate var entry: Entry {
            let first = record.flatMap { FloatBytes.floats($0.dense.prefix(4)).first }
            return Entry(request: request, namespace: namespace, id: id, operation: operation, first: first)
        }
    }
}

extension Call {
    /// The ids that a write names, each with a hash of what it does to that record.
    fileprivate var versions: [(id: String, version: Int)] {
        switch self {
        case .upsert(let call), .upsertText(let call):
            call.records.map { ($0.id, Self.hash([$0.dense, $0.metadata], $0.sparse)) }
        case .update(let call):
            call.id.isEmpty ? [] : [(call.id, Self.hash([call.dense, call.setMetadata], call.sparse))]
        case .delete(let call): call.ids.map { ($0, 0) }
        default: []
        }
    }

    private static func hash(_ parts: [ArraySlice<UInt8>], _ sparse: SparseVector?) -> Int {
        var hasher = Hasher()
        for part in parts {
            hasher.combine(part.count)
            unsafe part.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        }
        hasher.combine(sparse?.indices)
        hasher.combine(sparse?.values)
        return hasher.finalize()
    }
}
