/// Chunks that a start has found in the queue, oldest first, on their way into the window.
package struct FoundChunks: Sendable {
    private(set) var chunks: [ChunkState] = []
    /// The keys of all their records, chunk after chunk.
    private(set) var keys: [RecordKey] = []
    /// Their live records on the way into the index; kept here so that its memory is used again.
    fileprivate var load = Load()

    /// Records that are worth adding at once: enough that the index is filled shard by shard, for about 22 MB.
    package static let recordsMax = 1 << 19

    package init() {}

    /// Whether it is time to take them into the window.
    package var isFull: Bool { keys.count >= Self.recordsMax }

    /// Adds a chunk.
    ///
    /// - Parameter directory: The stored form of its directory, with as many records as the chunk has.
    package mutating func append(_ chunk: ChunkState, directory: UnsafeRawBufferPointer) {
        chunks.append(chunk)
        unsafe ChunkDirectory.appendKeys(of: directory, to: &keys)
    }

    fileprivate mutating func removeAll() {
        chunks.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
    }

    /// Live records on their way into the index.
    fileprivate struct Load: Sendable {
        var keys: [RecordKey] = []
        var places: [RecordPlace] = []
        var slots: [UInt32] = []

        mutating func append(_ chunk: ChunkState, _ slot: UInt32, _ chunkKeys: ArraySlice<RecordKey>) {
            slots.append(slot)
            for (position, key) in chunkKeys.enumerated() where !chunk.done[position] {
                keys.append(key)
                places.append(RecordPlace(slot: slot, position: UInt16(position)))
            }
        }

        mutating func removeAll() {
            keys.removeAll(keepingCapacity: true)
            places.removeAll(keepingCapacity: true)
            slots.removeAll(keepingCapacity: true)
        }
    }
}

extension Window {
    /// Makes room for so many records, or for as many as the index may hold.
    package mutating func reserve(records: Int) { index.reserve(min(records, indexRecordsMax)) }

    /// Takes in what a start has found and empties it, as ``append(_:keys:now:merging:)`` would do chunk after chunk, in a tenth of the time.
    package mutating func append(_ found: inout FoundChunks, now: Int64) {
        var first = 0
        for chunk in found.chunks {
            // Whether there is room is known for certain only once the index holds what comes before.
            if index.count + found.load.keys.count >= indexRecordsMax { take(&found.load, now: now) }
            if let slot = enter(chunk) {
                markWarm(slot)
                found.load.append(chunk, slot, found.keys[first..<first + chunk.records])
            }
            first += chunk.records
        }
        take(&found.load, now: now)
        found.removeAll()
    }

    private mutating func take(_ load: inout FoundChunks.Load, now: Int64) {
        guard !load.slots.isEmpty else { return }
        let known = index.insert(load.keys, load.places)
        // The first version of each key is in the index now. One whose key is held must wait, before a newer one is looked at.
        for key in holds.active(at: now) {
            guard let head = index[key] else { continue }
            holds.block(key)
            block(head)
        }
        for number in known {
            let place = load.places[number]
            guard let kind = chunks[Int(place.slot)]?.operation else { continue }
            admit(load.keys[number], place, kind, now: now)
        }
        for slot in load.slots { schedule(slot) }
        load.removeAll()
    }
}
