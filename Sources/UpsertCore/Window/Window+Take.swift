/// What there is to send for a target.
package enum Take: Sendable {
    case batch(Batch)
    /// Nothing yet; something becomes ready at this time (Unix milliseconds).
    case wait(until: Int64)
    /// Nothing waits.
    case nothing
}

/// What a target allows when a batch is taken.
package struct TakeRules: Sendable {
    /// Unix milliseconds.
    package var now: Int64
    /// Milliseconds that a batch may wait to fill.
    package var linger: Int64
    /// Sends what there is at once, as a flush or a drain asks.
    package var urgent: Bool
    /// Bounds of one request by encoding and operation.
    package var limits: @Sendable (Encoding, OperationKind) -> RequestLimits

    package init(
        now: Int64, linger: Int64, urgent: Bool,
        limits: @escaping @Sendable (Encoding, OperationKind) -> RequestLimits = RequestLimits.published
    ) {
        self.now = now
        self.linger = linger
        self.urgent = urgent
        self.limits = limits
    }
}

extension Window {
    /// Takes the next batch for a target: its namespaces in turn, within each the records whose turn is oldest, as many as
    /// the bounds allow.
    ///
    /// - Parameter content: Reads the content of a chunk by slot and sequence.
    package mutating func take(
        target: String, rules: TakeRules, content: (UInt32, Int64) throws -> ChunkContent
    ) rethrows -> Take {
        offerReleased(now: rules.now)
        if holds.everythingUntil > rules.now { return .wait(until: holds.everythingUntil) }
        guard let round = rounds[target], !round.isEmpty else { return .nothing }
        var earliest = holds.nextEnd ?? .max
        let start = roundNext[target, default: 0] % round.count
        for step in 0..<round.count {
            let number = round[(start + step) % round.count]
            guard let lane = lanes[number] else { continue }
            if lane.heldUntil > rules.now {
                if lane.streams.contains(where: { $0.waitingRecords > 0 }) { earliest = min(earliest, lane.heldUntil) }
                continue
            }
            for stream in lane.streams.indices {
                guard let ready = readyTime(number, stream, rules) else { continue }
                guard ready <= rules.now else {
                    earliest = min(earliest, ready)
                    continue
                }
                roundNext[target] = (start + step + 1) % round.count
                return .batch(try collect(number, stream, rules, content))
            }
        }
        return earliest == .max ? .nothing : .wait(until: earliest)
    }

    /// When the stream has a batch worth sending; nil when nothing waits in it.
    private mutating func readyTime(_ number: LaneNumber, _ stream: Int, _ rules: TakeRules) -> Int64? {
        dropStale(number, stream)
        guard let waiting = lanes[number]?.streams[stream], waiting.waitingRecords > 0, let first = waiting.turns.first,
            let oldest = chunks[Int(first.slot)]
        else { return nil }
        let limits = rules.limits(waiting.encoding, waiting.operation)
        let full = waiting.waitingRecords >= limits.recordsMax || waiting.waitingBytes >= limits.bytesMax
        return full || rules.urgent ? rules.now : oldest.acceptedAt + rules.linger
    }

    /// Removes chunks from the head of the heap that have nothing to offer any more.
    private mutating func dropStale(_ number: LaneNumber, _ stream: Int) {
        while let first = lanes[number]?.streams[stream].turns.first {
            if unscheduleDead.remove(first.slot) != nil {
                freeSlots.append(first.slot)
            } else if let chunk = chunks[Int(first.slot)], chunk.waiting > 0 {
                return
            } else {
                chunks[Int(first.slot)]?.scheduled = false
            }
            lanes[number]?.streams[stream].turns.removeFirst()
        }
    }

    private mutating func collect(
        _ number: LaneNumber, _ stream: Int, _ rules: TakeRules, _ content: (UInt32, Int64) throws -> ChunkContent
    ) rethrows -> Batch {
        guard let lane = lanes[number] else { preconditionFailure("a stream belongs to a lane") }
        let (operation, encoding) = (lane.streams[stream].operation, lane.streams[stream].encoding)
        let limits = rules.limits(encoding, operation)
        var batch = Batch(
            lane: number, target: lane.target, namespace: lane.namespace, operation: operation, encoding: encoding)
        while true {
            dropStale(number, stream)
            guard let first = lanes[number]?.streams[stream].turns.first, var chunk = chunks[Int(first.slot)] else {
                break
            }
            let content = try content(first.slot, chunk.sequence)
            chunks[Int(first.slot)] = nil
            let before = chunk.waiting
            let full = Self.fill(&batch, from: &chunk, first.slot, content, limits)
            let took = before - chunk.waiting
            lanes[number]?.streams[stream].waitingRecords -= took
            lanes[number]?.streams[stream].waitingBytes -= took * chunk.bytesPerRecord
            chunks[Int(first.slot)] = chunk
            if full { break }
        }
        return batch
    }

    /// Moves waiting records into the batch until a bound is reached; true when it is.
    private static func fill(
        _ batch: inout Batch, from chunk: inout ChunkState, _ slot: UInt32, _ content: ChunkContent,
        _ limits: RequestLimits
    ) -> Bool {
        let directory = content.directory
        for position in 0..<chunk.records where !chunk.done[position] && !chunk.taken[position] {
            let bytes = directory.range(position).count
            let fits =
                batch.count < limits.recordsMax
                && batch.weight + Int(directory.weights[position]) <= limits.weightMax
                && batch.bytes + bytes + RequestLimits.envelopeBytes <= limits.bytesMax
            guard fits || batch.count == 0 else { return true }
            batch.append(
                RecordPlace(slot: slot, position: UInt16(position)), content, acceptedAt: chunk.acceptedAt)
            chunk.taken[position] = true
            chunk.waiting -= 1
        }
        return batch.count >= limits.recordsMax
    }

    /// Offers the records whose hold has ended.
    private mutating func offerReleased(now: Int64) {
        for key in holds.release(now: now) {
            if let head = index[key] { unblock(head) }
        }
    }
}
