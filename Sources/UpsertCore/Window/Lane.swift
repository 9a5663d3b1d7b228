/// One (target, namespace): what waits in it, by operation and encoding.
struct Lane: Sendable {
    let number: LaneNumber
    let target: String
    let targetNumber: QueuedFigures.TargetNumber
    let namespace: String
    var streams: [Stream] = []
    /// Slots of chunks that are not in the key index yet, oldest first from `coldHead`.
    var cold: [UInt32] = []
    var coldHead = 0
    /// Nothing of this namespace is sent before this time (Unix milliseconds), since more of its keys are held than are
    /// remembered one by one.
    var heldUntil: Int64 = 0
    /// Whether the round of its target has it.
    var isListed = false
    /// Chunks of it that are in the key index.
    var warmChunks = 0

    /// Chunks of one operation and encoding, which can share requests.
    struct Stream: Sendable {
        let operation: OperationKind
        let encoding: Encoding
        var turns = TurnHeap()
        /// Records in scheduled chunks that wait.
        var waitingRecords = 0
        /// Their approximate bytes.
        var waitingBytes = 0
    }

    init(number: LaneNumber, target: String, targetNumber: QueuedFigures.TargetNumber, namespace: String) {
        self.number = number
        self.target = target
        self.targetNumber = targetNumber
        self.namespace = namespace
    }

    var hasWaiting: Bool { streams.contains { $0.waitingRecords > 0 } }

    var hasCold: Bool { coldHead < cold.count }

    func nextCold() -> UInt32? { hasCold ? cold[coldHead] : nil }

    mutating func removeFirstCold() {
        coldHead += 1
        if coldHead > 1_024, coldHead * 2 > cold.count {
            cold.removeFirst(coldHead)
            coldHead = 0
        }
    }

    mutating func streamIndex(_ operation: OperationKind, _ encoding: Encoding) -> Int {
        if let known = streams.firstIndex(where: { $0.operation == operation && $0.encoding == encoding }) {
            return known
        }
        streams.append(Stream(operation: operation, encoding: encoding))
        return streams.count - 1
    }
}
