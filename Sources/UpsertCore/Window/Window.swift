/// All that waits or is in flight, held in memory: which record is current, whose turn it is, and what must not be sent now.
///
/// A pure value: it reads no clock and no disk. The queue on disk is the truth; after a start the window is rebuilt by
/// appending the stored chunks in order. Three rules make per-id order hold:
/// - at most one version of a key is offered or in flight; later versions wait behind it (``chains``);
/// - an upsert or delete supersedes every version that still waits;
/// - a key whose last outcome was ambiguous is held: the next, different version waits until the hold ends.
package struct Window: Sendable {
    var chunks: [ChunkState?] = []
    var freeSlots: [UInt32] = []
    var lanes: [LaneNumber: Lane] = [:]
    /// By target, the lanes that have something waiting.
    var rounds: [String: LaneRound] = [:]
    /// The version of each key that is offered, in flight, or first to go when its hold ends.
    var index = KeyIndex()
    /// Versions that wait behind the one in `index`, oldest first.
    var chains: [RecordKey: [RecordPlace]] = [:]
    var holds = KeyHolds()
    /// Slots whose superseded records are not stored yet.
    var dirty: Set<UInt32> = []
    /// Slots whose last record is done; their rows can go.
    var dead: Set<UInt32> = []
    /// Keys held since the queue last stored that.
    var heldUnsaved: [RecordKey: (lane: LaneNumber, until: Int64)] = [:]
    let indexRecordsMax: Int
    /// After an unclean start: until when records found waiting count as possibly in flight (Unix milliseconds).
    let foundUntil: Int64

    /// Records that are accepted and not done, in flight included.
    package private(set) var queuedRecords = 0
    /// Payload bytes of the chunks they lie in.
    package private(set) var queuedBytes = 0
    /// The same by target, and since when.
    var figures = QueuedFigures()
    /// Records superseded in memory since the queue last stored that.
    package internal(set) var supersededUnsaved = 0

    /// - Parameters:
    ///   - indexRecordsMax: Records kept in the key index, about 20 bytes each; chunks beyond it stay cold until there is
    ///     room, in order.
    ///   - foundUntil: See ``foundUntil``; 0 after a clean start.
    package init(indexRecordsMax: Int, foundUntil: Int64 = 0) {
        self.indexRecordsMax = indexRecordsMax
        self.foundUntil = foundUntil
    }

    /// Makes a lane known; needed before chunks of it are appended.
    package mutating func register(lane number: LaneNumber, target: String, namespace: String) {
        guard lanes[number] == nil else { return }
        lanes[number] = Lane(
            number: number, target: target, targetNumber: figures.number(of: target), namespace: namespace)
    }

    /// The target and namespace of a lane.
    package func lane(_ number: LaneNumber) -> (target: String, namespace: String)? {
        lanes[number].map { ($0.target, $0.namespace) }
    }

    /// Adds a chunk that the queue holds durably, newer than all chunks added before.
    ///
    /// - Parameters:
    ///   - keys: The keys of its records, in order.
    ///   - merging: By position, the waiting version that a merged record replaces.
    package mutating func append(
        _ chunk: ChunkState, keys: [RecordKey], now: Int64, merging: [Int: RecordPlace] = [:]
    ) {
        if let slot = enter(chunk) { warm(slot, keys, merging, now: now) }
    }

    /// Gives a chunk its slot and counts it.
    ///
    /// - Returns: The slot of a chunk that must be warmed next; nil for one that is done or stays cold.
    mutating func enter(_ chunk: ChunkState) -> UInt32? {
        var chunk = chunk
        chunk.target = lanes[chunk.lane]?.targetNumber ?? 0
        let slot: UInt32
        if let free = freeSlots.popLast() {
            slot = free
            chunks[Int(free)] = chunk
        } else {
            slot = UInt32(chunks.count)
            chunks.append(chunk)
        }
        queuedRecords += chunk.live
        queuedBytes += chunk.bytes
        if chunk.live == 0 {
            dead.insert(slot)
            return nil
        }
        figures.add(chunk, slot: slot)
        guard let lane = lanes[chunk.lane], !lane.hasCold, hasRoom(for: lane) else {
            lanes[chunk.lane]?.cold.append(slot)
            coldLanes.insert(chunk.lane)
            coldChunks += 1
            return nil
        }
        return slot
    }

    /// Chunks whose records are not in the key index.
    package private(set) var coldChunks = 0

    /// The submission that a record came with.
    package func submission(of place: RecordPlace) -> Int64? {
        chunks[Int(place.slot)]?.submissions[Int(place.position)]
    }

    /// The submissions that a batch's records came with, and how many of them each.
    package func submissions(of batch: Batch) -> [(submission: Int64, records: Int)] {
        var counts: [(submission: Int64, records: Int)] = []
        var slot: UInt32?
        var chunk: ChunkState?
        for place in batch.places {
            if place.slot != slot {
                slot = place.slot
                chunk = chunks[Int(place.slot)]
            }
            guard let submission = chunk?.submissions[Int(place.position)] else { continue }
            if counts.last?.submission != submission { counts.append((submission, 0)) }
            counts[counts.count - 1].records += 1
        }
        return counts
    }

    /// Records of a chunk superseded since that was last stored.
    package func supersededUnsaved(slot: UInt32) -> Int { chunks[Int(slot)]?.supersededUnsaved ?? 0 }

    /// The sequence of a chunk and how many of its records can still be taken; nil when it is gone.
    package func waiting(slot: UInt32) -> (sequence: Int64, records: Int)? {
        chunks[Int(slot)].map { ($0.sequence, $0.waiting) }
    }

    /// The next cold chunk that there is room for, as (slot, sequence).
    package func nextCold(in lane: LaneNumber) -> (slot: UInt32, sequence: Int64)? {
        guard let lane = lanes[lane], hasRoom(for: lane), let slot = lane.nextCold(), let chunk = chunks[Int(slot)]
        else { return nil }
        return (slot, chunk.sequence)
    }

    /// Whether a lane has records that are not in the key index, so that it cannot be told what waits for a key.
    package func hasCold(_ lane: LaneNumber) -> Bool { lanes[lane]?.hasCold ?? false }

    /// Lanes that have cold chunks.
    package private(set) var coldLanes: Set<LaneNumber> = []

    /// A lane's first chunk always has room, so that one namespace's backlog does not keep the others waiting.
    private func hasRoom(for lane: Lane) -> Bool { index.count < indexRecordsMax || lane.warmChunks == 0 }

    /// Takes a lane's first cold chunk into the key index.
    package mutating func warmFirst(of lane: LaneNumber, keys: [RecordKey], now: Int64) {
        guard let slot = lanes[lane]?.nextCold() else { return }
        lanes[lane]?.removeFirstCold()
        if lanes[lane]?.hasCold == false { coldLanes.remove(lane) }
        coldChunks -= 1
        warm(slot, keys, [:], now: now)
    }

    private mutating func warm(
        _ slot: UInt32, _ keys: [RecordKey], _ merging: [Int: RecordPlace], now: Int64
    ) {
        markWarm(slot)
        guard let chunk = chunks[Int(slot)] else { return }
        for position in 0..<keys.count where !chunk.done[position] {
            let place = RecordPlace(slot: slot, position: UInt16(position))
            if let replaced = merging[position] {
                admit(keys[position], place, merging: replaced, now: now)
            } else {
                admit(keys[position], place, chunk.operation, now: now)
            }
        }
        schedule(slot)
    }

    mutating func markWarm(_ slot: UInt32) {
        chunks[Int(slot)]?.warm = true
        if let lane = chunks[Int(slot)]?.lane { lanes[lane]?.warmChunks += 1 }
    }

    /// The version of `key` that a newer update would be merged into: the newest one that waits.
    package func newestWaiting(_ key: RecordKey) -> RecordPlace? {
        if let last = chains[key]?.last { return last }
        guard let head = index[key] else { return nil }
        return isInFlight(key, head) ? nil : head
    }

    /// What a place holds.
    package func operation(at place: RecordPlace) -> (kind: OperationKind, encoding: Encoding, sequence: Int64)? {
        chunks[Int(place.slot)].map { ($0.operation, $0.encoding, $0.sequence) }
    }

    func isInFlight(_ key: RecordKey, _ head: RecordPlace) -> Bool {
        guard let chunk = chunks[Int(head.slot)] else { return false }
        return chunk.taken[Int(head.position)] && !holds.blocks(key)
    }

    /// Marks one record as done and keeps the totals.
    mutating func finish(_ place: RecordPlace) {
        guard var chunk = chunks[Int(place.slot)] else { return }
        let position = Int(place.position)
        chunks[Int(place.slot)] = nil
        if chunk.taken[position] { chunk.taken[position] = false } else { addWaiting(-1, &chunk) }
        chunk.done[position] = true
        chunk.live -= 1
        queuedRecords -= 1
        figures.removeRecord(of: chunk.target)
        let isEnded = chunk.live == 0
        chunks[Int(place.slot)] = chunk
        if isEnded { end(place.slot) }
    }

    private mutating func end(_ slot: UInt32) {
        dead.insert(slot)
        figures.chunkEnded { [chunks] entry in
            guard let chunk = chunks[Int(entry.slot)] else { return false }
            return chunk.sequence == entry.sequence && chunk.live > 0
        }
    }

    /// Keeps a record from being offered.
    mutating func block(_ place: RecordPlace) {
        guard var chunk = chunks[Int(place.slot)], !chunk.taken[Int(place.position)] else { return }
        chunks[Int(place.slot)] = nil
        chunk.taken[Int(place.position)] = true
        addWaiting(-1, &chunk)
        chunks[Int(place.slot)] = chunk
    }

    /// Offers a blocked record again.
    mutating func unblock(_ place: RecordPlace) {
        guard var chunk = chunks[Int(place.slot)], chunk.taken[Int(place.position)] else { return }
        chunks[Int(place.slot)] = nil
        chunk.taken[Int(place.position)] = false
        addWaiting(1, &chunk)
        chunks[Int(place.slot)] = chunk
        schedule(place.slot)
    }

    private mutating func addWaiting(_ delta: Int, _ chunk: inout ChunkState) {
        chunk.waiting += delta
        if delta > 0 { list(chunk.lane) }
        guard chunk.scheduled, let stream = lanes[chunk.lane]?.streamIndex(chunk.operation, chunk.encoding) else {
            return
        }
        lanes[chunk.lane]?.streams[stream].waitingRecords += delta
        lanes[chunk.lane]?.streams[stream].waitingBytes += delta * chunk.bytesPerRecord
    }

    /// Takes a chunk's new size into the totals.
    mutating func resized(_ old: ChunkState, _ new: ChunkState) {
        queuedBytes += new.bytes - old.bytes
        guard new.scheduled, let stream = lanes[new.lane]?.streamIndex(new.operation, new.encoding) else { return }
        lanes[new.lane]?.streams[stream].waitingBytes += new.waiting * (new.bytesPerRecord - old.bytesPerRecord)
    }

    mutating func schedule(_ slot: UInt32) {
        guard let chunk = chunks[Int(slot)], chunk.warm, !chunk.scheduled, chunk.waiting > 0,
            let stream = lanes[chunk.lane]?.streamIndex(chunk.operation, chunk.encoding)
        else { return }
        chunks[Int(slot)]?.scheduled = true
        list(chunk.lane)
        lanes[chunk.lane]?.streams[stream].turns.insert(
            TurnHeap.Entry(turn: chunk.turn, sequence: chunk.sequence, slot: slot))
        lanes[chunk.lane]?.streams[stream].waitingRecords += chunk.waiting
        lanes[chunk.lane]?.streams[stream].waitingBytes += chunk.waiting * chunk.bytesPerRecord
    }

    /// Gives a lane a place in the round of its target.
    private mutating func list(_ number: LaneNumber) {
        guard let lane = lanes[number], !lane.isListed else { return }
        lanes[number]?.isListed = true
        rounds[lane.target, default: LaneRound()].append(number)
    }

    /// Forgets chunks whose rows the queue has deleted.
    package mutating func remove(slots: [UInt32]) {
        for slot in slots {
            guard let chunk = chunks[Int(slot)] else { continue }
            queuedBytes -= chunk.bytes
            if chunk.warm { lanes[chunk.lane]?.warmChunks -= 1 }
            if chunk.scheduled { unscheduleDead.insert(slot) } else { freeSlots.append(slot) }
            chunks[Int(slot)] = nil
            dead.remove(slot)
            dirty.remove(slot)
        }
    }

    /// Slots of removed chunks that a turn heap still names; they are freed when their turn comes up.
    var unscheduleDead: Set<UInt32> = []
}
