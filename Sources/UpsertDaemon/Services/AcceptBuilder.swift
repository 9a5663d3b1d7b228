internal import UpsertCore
internal import UpsertStorage

/// Gathers the records of one accept commit from a source and remembers the lanes of its target.
struct AcceptBuilder {
    private let queue: Queue
    private let target: String
    private var lanes: [String: LaneNumber] = [:]
    /// The commit being built.
    var acceptance: Acceptance

    init(queue: Queue, target: String) {
        self.queue = queue
        self.target = target
        acceptance = Acceptance(transaction: AcceptTransaction(hasher: queue.hasher))
    }

    /// Whether to commit: at best where a chunk is full, so that the next commit does not begin with the rest of a request.
    var isFull: Bool {
        // Asked for every record: a copy of the transaction would be a dozen references counted up and down.
        acceptance.transaction.bytes >= AcceptLimits.bytesMax
            || acceptance.transaction.accepted >= AcceptLimits.recordsMax
            || acceptance.transaction.bytes >= AcceptLimits.bytesWanted && acceptance.transaction.isChunkFull
    }

    /// Starts the next commit.
    mutating func reset() {
        acceptance = Acceptance(transaction: AcceptTransaction(hasher: queue.hasher))
        // Bounded: a source with very many namespaces asks again.
        if lanes.count > 10_000 { lanes = [:] }
    }

    /// The lane of a namespace.
    mutating func lane(_ namespace: String) async -> LaneNumber {
        if let known = lanes[namespace] { return known }
        let number = await queue.lane(target: target, namespace: namespace)
        lanes[namespace] = number
        return number
    }
}
