/// What is queued by target, and since when: kept as it changes, so that asking walks over no chunks.
struct QueuedFigures: Sendable {
    /// Number of a target; 0 stands for chunks of lanes that nobody has registered.
    typealias TargetNumber = Int

    private var numbers: [String: TargetNumber] = [:]
    /// By target number.
    private var records = [0]
    /// Chunks by the time of their acceptance. One that has gone stays until it comes up or ``chunkEnded(isQueued:)`` sweeps.
    private var ages = TurnHeap()
    /// Chunks in `ages` that have gone.
    private var gone = 0

    /// Records by target; only those that have some.
    var recordsByTarget: [String: Int] {
        numbers.compactMapValues { number in records[number] > 0 ? records[number] : nil }
    }

    /// The number of a target, a new one where it has none.
    mutating func number(of target: String) -> TargetNumber {
        if let known = numbers[target] { return known }
        records.append(0)
        numbers[target] = records.count - 1
        return records.count - 1
    }

    /// Counts a chunk with live records.
    mutating func add(_ chunk: ChunkState, slot: UInt32) {
        records[chunk.target] += chunk.live
        ages.insert(TurnHeap.Entry(turn: chunk.acceptedAt, sequence: chunk.sequence, slot: slot))
    }

    /// Counts one record less.
    @inline(__always) mutating func removeRecord(of target: TargetNumber) { records[target] -= 1 }

    /// Chunks in memory here, those that have gone and are not swept yet included.
    var chunksKept: Int { ages.count }

    /// Unix milliseconds at which the oldest chunk was accepted; nil when there is none.
    var oldestAcceptedAt: Int64? { ages.first?.turn }

    /// Notes that the last record of a chunk is done. The heap is swept when half of it has gone, so that a chunk that stays
    /// long does not keep all that came after it.
    ///
    /// - Parameter isQueued: Whether the chunk of an entry has live records.
    mutating func chunkEnded(isQueued: (TurnHeap.Entry) -> Bool) {
        gone += 1
        while let first = ages.first, !isQueued(first) {
            ages.removeFirst()
            gone -= 1
        }
        guard gone > 64, gone * 2 > ages.count else { return }
        ages.keep(where: isQueued)
        gone = 0
    }
}
