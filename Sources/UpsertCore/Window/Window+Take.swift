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
    /// Whether a namespace may be sent to now.
    package var admission: @Sendable (LaneNumber, OperationKind) -> LaneAdmission

    package init(
        now: Int64, linger: Int64, urgent: Bool,
        limits: @escaping @Sendable (Encoding, OperationKind) -> RequestLimits = RequestLimits.published,
        admission: @escaping @Sendable (LaneNumber, OperationKind) -> LaneAdmission = { _, _ in .open }
    ) {
        self.now = now
        self.linger = linger
        self.urgent = urgent
        self.limits = limits
        self.admission = admission
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
        var earliest = holds.nextEnd ?? .max
        for _ in 0..<(rounds[target]?.count ?? 0) {
            guard let number = rounds[target]?.removeFirst(), let lane = lanes[number] else { continue }
            guard lane.hasWaiting else {
                lanes[number]?.isListed = false
                continue
            }
            rounds[target]?.append(number)
            if lane.heldUntil > rules.now {
                earliest = min(earliest, lane.heldUntil)
                continue
            }
            switch nextStream(number, rules) {
            case .ready(let stream, let limits): return .batch(try collect(number, stream, limits, content))
            case .notBefore(let time): earliest = min(earliest, time)
            }
        }
        return earliest == .max ? .nothing : .wait(until: earliest)
    }

    /// Which of a lane's streams has its turn.
    private enum NextStream {
        case ready(Int, RequestLimits)
        case notBefore(Int64)
    }

    /// The stream whose first chunk has waited longest, of those that may be sent now.
    private mutating func nextStream(_ number: LaneNumber, _ rules: TakeRules) -> NextStream {
        var earliest: Int64 = .max
        var best: (stream: Int, turn: Int64, limits: RequestLimits)?
        for stream in lanes[number]?.streams.indices ?? 0..<0 {
            guard let (ready, turn) = readyTime(number, stream, rules), let waiting = lanes[number]?.streams[stream]
            else { continue }
            var limits = rules.limits(waiting.encoding, waiting.operation)
            var time = ready
            switch rules.admission(number, waiting.operation) {
            case .open: break
            case .probe: limits.recordsMax = 1
            case .closed(let until): time = max(time, until)
            }
            if time > rules.now {
                earliest = min(earliest, time)
            } else if best.map({ turn < $0.turn }) ?? true {
                best = (stream, turn, limits)
            }
        }
        return best.map { .ready($0.stream, $0.limits) } ?? .notBefore(earliest)
    }

    /// When the stream has a batch worth sending, and its turn; nil when nothing waits in it.
    private mutating func readyTime(
        _ number: LaneNumber, _ stream: Int, _ rules: TakeRules
    ) -> (time: Int64, turn: Int64)? {
        dropStale(number, stream)
        guard let waiting = lanes[number]?.streams[stream], waiting.waitingRecords > 0, let first = waiting.turns.first,
            let oldest = chunks[Int(first.slot)]
        else { return nil }
        let limits = rules.limits(waiting.encoding, waiting.operation)
        let full =
            waiting.waitingRecords >= limits.recordsMax
            || waiting.waitingBytes >= limits.bytesMax / waiting.encoding.expansionMax
        return (full || rules.urgent ? rules.now : oldest.acceptedAt + rules.linger, first.turn)
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
        _ number: LaneNumber, _ stream: Int, _ limits: RequestLimits, _ content: (UInt32, Int64) throws -> ChunkContent
    ) rethrows -> Batch {
        guard let lane = lanes[number] else { preconditionFailure("a stream belongs to a lane") }
        let (operation, encoding) = (lane.streams[stream].operation, lane.streams[stream].encoding)
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
