extension Window {
    /// Lets records of a batch leave: acknowledged, without effect, or in quarantine.
    ///
    /// - Parameter holdUntil: Until when a different version of these keys must wait because an attempt was ambiguous
    ///   (Unix milliseconds); nil when every attempt was answered.
    package mutating func settle(_ batch: Batch, holdUntil: Int64?, now: Int64) {
        for position in 0..<batch.count {
            leave(batch.key(position), batch.places[position], holdUntil: holdUntil, now: now)
        }
    }

    private mutating func leave(_ key: RecordKey, _ place: RecordPlace, holdUntil: Int64?, now: Int64) {
        let found = chunks[Int(place.slot)]?.found == true
        finish(place)
        dirty.insert(place.slot)
        let until = max(holdUntil ?? 0, found ? foundUntil : 0)
        let held = until > now
        if held { hold(key, of: place, until: until, blocks: false) }
        guard index[key] == place else { return }
        guard !chains.isEmpty, var later = chains.removeValue(forKey: key) else {
            index[key] = nil
            return
        }
        let next = later.removeFirst()
        if !later.isEmpty { chains[key] = later }
        index[key] = next
        if held { hold(key, of: next, until: until, blocks: true) } else { unblock(next) }
    }

    /// Puts a batch's records back as waiting, for a batch that was not applied for certain.
    ///
    /// A version that came while the batch was out replaces its record, as if that had waited all along.
    package mutating func putBack(_ batch: Batch, now: Int64) {
        for position in 0..<batch.count {
            let place = batch.places[position]
            unblock(place)
            guard !chains.isEmpty else { continue }
            let key = batch.key(position)
            guard index[key] == place, var later = chains[key], let newer = later.first,
                let operation = chunks[Int(newer.slot)]?.operation, operation != .update
            else { continue }
            let wasFound = chunks[Int(place.slot)]?.found == true && now < foundUntil
            later.removeFirst()
            chains[key] = later.isEmpty ? nil : later
            supersede(place, by: newer)
            index[key] = newer
            if wasFound { hold(key, of: newer, until: foundUntil, blocks: true) } else { unblock(newer) }
        }
    }

    /// Holds a key read back from the queue at start.
    package mutating func hold(_ key: RecordKey, lane: LaneNumber, until: Int64) {
        insertHold(key, lane: lane, until: until, blocks: false)
    }

    /// Keeps other versions of a key than the one that may be applied from being sent until `until` (Unix milliseconds).
    mutating func hold(_ key: RecordKey, of place: RecordPlace, until: Int64, blocks: Bool) {
        guard let lane = chunks[Int(place.slot)]?.lane else { return }
        heldUnsaved[key] = (lane, max(until, heldUnsaved[key]?.until ?? 0))
        insertHold(key, lane: lane, until: until, blocks: blocks)
    }

    private mutating func insertHold(_ key: RecordKey, lane: LaneNumber, until: Int64, blocks: Bool) {
        guard !holds.insert(key, until: until, blocks: blocks), let known = lanes[lane] else { return }
        lanes[lane]?.heldUntil = max(known.heldUntil, until)
    }

    /// Chunks that need to be stored: those with records superseded since, and those that are done.
    package struct Unsaved: Sendable {
        /// Slot, sequence, the stored form of `done`, and by submission how many of its records were superseded since.
        package var changed: [(slot: UInt32, sequence: Int64, done: [UInt8])] = []
        package var dead: [(slot: UInt32, sequence: Int64)] = []
        /// Superseded records by submission row.
        package var superseded: [Int64: Int] = [:]
        /// Keys whose other versions must wait over a restart too (until: Unix milliseconds).
        package var holds: [(lane: LaneNumber, key: RecordKey, until: Int64)] = []

        /// Nothing to store.
        package init() {}
    }

    /// What must be stored in the commit that removes settled records, so that no superseded one comes back after a crash.
    ///
    /// If that commit fails nothing is lost: until ``saved(_:)`` is called the same chunks are returned again.
    ///
    /// - Parameter deadOnly: Only chunks that can go: what an accept commit clears on its way.
    package func unsaved(deadOnly: Bool = false) -> Unsaved {
        var unsaved = Unsaved()
        unsaved.holds = heldUnsaved.map { (lane: $0.value.lane, key: $0.key, until: $0.value.until) }
        for slot in deadOnly ? dead : dirty.union(dead) {
            guard let chunk = chunks[Int(slot)] else { continue }
            if chunk.live == 0 {
                unsaved.dead.append((slot, chunk.sequence))
            } else {
                unsaved.changed.append((slot, chunk.sequence, chunk.done.bytes))
            }
            for (submission, count) in chunk.supersededSubmissions {
                unsaved.superseded[submission, default: 0] += count
            }
        }
        return unsaved
    }

    /// Notes that `unsaved` is stored durably; chunks that are done are forgotten.
    package mutating func saved(_ unsaved: Unsaved) {
        for slot in unsaved.changed.map(\.slot) + unsaved.dead.map(\.slot) {
            supersededUnsaved -= chunks[Int(slot)]?.supersededUnsaved ?? 0
            chunks[Int(slot)]?.supersededUnsaved = 0
            chunks[Int(slot)]?.supersededSubmissions = [:]
            dirty.remove(slot)
        }
        if !unsaved.holds.isEmpty { heldUnsaved = [:] }
        remove(slots: unsaved.dead.map(\.slot))
    }
}
