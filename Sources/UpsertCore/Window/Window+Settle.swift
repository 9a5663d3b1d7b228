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
        if held { holds.insert(key, until: until, blocks: false) }
        guard index[key] == place else { return }
        guard !chains.isEmpty, var later = chains.removeValue(forKey: key) else {
            index[key] = nil
            return
        }
        let next = later.removeFirst()
        if !later.isEmpty { chains[key] = later }
        index[key] = next
        if held { holds.insert(key, until: until, blocks: true) } else { unblock(next) }
    }

    /// Puts a batch's records back as waiting, for a batch that was never sent.
    package mutating func putBack(_ batch: Batch) {
        for place in batch.places { unblock(place) }
    }

    /// Holds a key read back from the queue at start.
    package mutating func hold(_ key: RecordKey, until: Int64) {
        holds.insert(key, until: until, blocks: false)
    }

    /// Keeps a namespace from being sent until `until` (Unix milliseconds).
    package mutating func hold(lane: LaneNumber, until: Int64) { lanes[lane]?.heldUntil = until }

    /// Chunks that need to be stored: those with records superseded since, and those that are done.
    package struct Unsaved: Sendable {
        /// Slot, sequence, the stored form of `done`, and by submission how many of its records were superseded since.
        package var changed: [(slot: UInt32, sequence: Int64, done: [UInt8])] = []
        package var dead: [(slot: UInt32, sequence: Int64)] = []
        /// Superseded records by submission row.
        package var superseded: [Int64: Int] = [:]
    }

    /// What must be stored in the commit that removes settled records, so that no superseded one comes back after a crash.
    ///
    /// If that commit fails nothing is lost: until ``saved(_:)`` is called the same chunks are returned again.
    ///
    /// - Parameter deadOnly: Only chunks that can go: what an accept commit clears on its way.
    package func unsaved(deadOnly: Bool = false) -> Unsaved {
        var unsaved = Unsaved()
        for slot in deadOnly ? dead : dirty.union(dead) {
            guard let chunk = chunks[Int(slot)] else { continue }
            if chunk.live == 0 {
                unsaved.dead.append((slot, chunk.sequence))
            } else {
                unsaved.changed.append((slot, chunk.sequence, chunk.done.bytes))
            }
            if chunk.supersededUnsaved > 0 {
                unsaved.superseded[chunk.submission, default: 0] += chunk.supersededUnsaved
            }
        }
        return unsaved
    }

    /// Notes that `unsaved` is stored durably; chunks that are done are forgotten.
    package mutating func saved(_ unsaved: Unsaved) {
        for slot in unsaved.changed.map(\.slot) + unsaved.dead.map(\.slot) {
            supersededUnsaved -= chunks[Int(slot)]?.supersededUnsaved ?? 0
            chunks[Int(slot)]?.supersededUnsaved = 0
            dirty.remove(slot)
        }
        remove(slots: unsaved.dead.map(\.slot))
    }
}
