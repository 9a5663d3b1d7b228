extension Window {
    /// Chunks of which fewer than a quarter of the records are live, largest waste first.
    ///
    /// - Parameter bytesMin: Chunks below this many payload bytes are left as they are.
    package func sparseChunks(bytesMin: Int) -> [(slot: UInt32, sequence: Int64, bytes: Int)] {
        var found: [(slot: UInt32, sequence: Int64, bytes: Int)] = []
        for (slot, chunk) in chunks.enumerated() {
            guard let chunk, chunk.live > 0, chunk.live * 4 < chunk.records, chunk.bytes >= bytesMin else { continue }
            found.append((UInt32(slot), chunk.sequence, chunk.bytes))
        }
        return found.sorted { $0.bytes > $1.bytes }
    }

    /// The submissions that some of a chunk's records came with.
    package func submissions(slot: UInt32, positions: [Int]) -> SubmissionRuns {
        guard let chunk = chunks[Int(slot)] else { preconditionFailure("no chunk in slot \(slot)") }
        return SubmissionRuns(chunk.submissions, positions: positions)
    }

    /// The positions of a chunk's live records; nil while one of them is in flight, since its batch names its place.
    ///
    /// - Parameter keys: The keys of all its records, in order.
    package func movable(slot: UInt32, keys: [RecordKey]) -> [Int]? {
        guard let chunk = chunks[Int(slot)] else { return nil }
        let live = (0..<chunk.records).filter { !chunk.done[$0] }
        for position in live where chunk.taken[position] {
            let place = RecordPlace(slot: slot, position: UInt16(position))
            // Taken and first of its key: on the wire, unless a hold blocks it.
            if index[keys[position]] == place, isInFlight(keys[position], place) { return nil }
        }
        return live
    }

    /// Notes that the queue has stored a chunk again, under the same sequence, with only its live records.
    ///
    /// The order of acceptance is unchanged, since the chunk keeps its place in the log.
    ///
    /// - Parameters:
    ///   - live: What ``movable(slot:keys:)`` has returned, in the same turn.
    ///   - keys: The keys of the records before, in order.
    ///   - bytes: Payload bytes now.
    package mutating func rewritten(slot: UInt32, live: [Int], keys: [RecordKey], bytes: Int) {
        guard let old = chunks[Int(slot)] else { return }
        var new = ChunkState(
            sequence: old.sequence, lane: old.lane, operation: old.operation, encoding: old.encoding,
            submissions: SubmissionRuns(old.submissions, positions: live), acceptedAt: old.acceptedAt,
            records: live.count, bytes: bytes,
            done: Bitmap(count: live.count), found: old.found)
        new.target = old.target
        new.turn = old.turn
        new.warm = old.warm
        new.scheduled = old.scheduled
        new.waiting = old.waiting
        for (position, before) in live.enumerated() {
            if old.taken[before] { new.taken[position] = true }
            guard old.warm else { continue }
            move(
                keys[before], from: RecordPlace(slot: slot, position: UInt16(before)),
                to: RecordPlace(slot: slot, position: UInt16(position)))
        }
        chunks[Int(slot)] = new
        resized(old, new)
    }

    private mutating func move(_ key: RecordKey, from old: RecordPlace, to new: RecordPlace) {
        if index[key] == old {
            index[key] = new
        } else if let waiting = chains[key]?.firstIndex(of: old) {
            chains[key]?[waiting] = new
        }
    }
}
