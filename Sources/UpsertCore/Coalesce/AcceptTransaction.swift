/// The records of one accept commit, gathered in memory: encoded, coalesced among themselves and cut into chunks.
///
/// A chunk holds records of one (lane, operation, encoding), of any number of submissions, and never more than one request may,
/// so that a chunk whose records are all current is a request body as it lies. Two writes to the same key in one transaction are coalesced
/// here by the coalescing law; against writes that already wait the queue does it, in the same commit.
package struct AcceptTransaction: Sendable {
    /// A chunk being built.
    package struct Chunk: Sendable {
        package let lane: LaneNumber
        package let operation: OperationKind
        package let encoding: Encoding
        /// Which submission each record came with.
        package var submissions: SubmissionRuns
        package var directory = ChunkDirectory()
        package var payload: [UInt8] = []
        /// Positions replaced by a later record of the same transaction.
        package var replaced: [Int] = []
        /// Where each update came from, for a refusal after all; empty for other operations.
        package var origins: [RecordOrigin] = []
        fileprivate var weight = 0

        /// An empty chunk, whose first record comes with `submission`.
        package init(lane: LaneNumber, submission: Int64, operation: OperationKind, encoding: Encoding) {
            self.lane = lane
            submissions = SubmissionRuns(submission)
            self.operation = operation
            self.encoding = encoding
        }
    }

    /// Where a record was in its submission.
    package struct RecordOrigin: Sendable, Equatable {
        package var line: Int
        package var offset: Int
        package init(line: Int, offset: Int) {
            self.line = line
            self.offset = offset
        }
    }

    private struct OpenKey: Hashable {
        var lane: LaneNumber
        var operation: OperationKind
        var encoding: Encoding
    }

    package private(set) var chunks: [Chunk] = []
    private var open: [OpenKey: Int] = [:]
    /// The entry of `open` used last: nearly always the next one too.
    private var lastOpen: (key: OpenKey, number: Int)?
    private var local = KeyIndex()
    private let hasher: RecordKeyHasher

    /// Records taken in, those coalesced away included.
    package private(set) var accepted = 0
    /// Records replaced by a later one in this transaction.
    package private(set) var coalesced = 0
    /// Updates of a record that this transaction deletes: accepted, without effect.
    package private(set) var noEffect = 0
    /// Encoded bytes taken in.
    package private(set) var bytes = 0
    /// The same by submission row; those that ``run`` counts are still to be added.
    private var counted: [Int64: SubmissionCounts] = [:]
    /// Records accepted for one submission in a row.
    private var run: (submission: Int64, accepted: Int) = (0, 0)
    /// What became of the records, by submission row.
    package var submissions: [Int64: SubmissionCounts] {
        var all = counted
        if run.accepted > 0 { all[run.submission, default: SubmissionCounts()].accepted += run.accepted }
        return all
    }

    /// Whether the record added last has filled its chunk, so that another one like it would begin a new one.
    package private(set) var isChunkFull = false

    package init(hasher: RecordKeyHasher) { self.hasher = hasher }

    package var isEmpty: Bool { accepted == 0 }

    /// Takes in one valid record.
    ///
    /// - Throws: ``Rejection`` when the record is an update that, merged with the write it follows, breaks a limit; the
    ///   earlier write stands.
    package mutating func add(
        _ operation: ReadOperation, encoded: [UInt8], id: [UInt8], encoding: Encoding, lane: LaneNumber,
        submission: Int64, origin: RecordOrigin
    ) throws(Rejection) {
        let key = hasher.key(lane: lane, id: id)
        let earlier = local[key]
        var kind = operation.kind
        var weight = operation.weight
        var merged: [UInt8]?
        if kind == .update, let earlier {
            let target = chunks[Int(earlier.slot)]
            let stored = target.payload[target.directory.range(Int(earlier.position))]
            switch (target.operation, target.encoding == encoding) {
            case (.delete, _):
                count(encoded.count, submission)
                counted[submission, default: SubmissionCounts()].noEffect += 1
                noEffect += 1
                return
            case (_, false):
                break
            case (let waiting, true):
                let result = try RecordMerge.merge(waiting, stored, update: encoded[...], encoding: encoding)
                (kind, weight, merged) = (waiting, result.weight, result.bytes)
            }
        }
        count(encoded.count, submission)
        if let earlier, merged != nil || kind != .update {
            chunks[Int(earlier.slot)].replaced.append(Int(earlier.position))
            let replaced = chunks[Int(earlier.slot)].submissions[Int(earlier.position)]
            counted[replaced, default: SubmissionCounts()].superseded += 1
            coalesced += 1
        }
        local[key] = append(
            kind, merged ?? encoded, weight, key, OpenKey(lane: lane, operation: kind, encoding: encoding), submission,
            origin)
    }

    private mutating func count(_ size: Int, _ submission: Int64) {
        accepted += 1
        bytes += size
        if run.submission != submission {
            counted = submissions
            run = (submission, 0)
        }
        run.accepted += 1
    }

    /// Adds a record that the queue made by merging; it counts as accepted already.
    package mutating func append(
        merged: [UInt8], weight: Int, kind: OperationKind, key: RecordKey, encoding: Encoding, lane: LaneNumber,
        submission: Int64
    ) -> RecordPlace {
        let open = OpenKey(lane: lane, operation: kind, encoding: encoding)
        return append(kind, merged, weight, key, open, submission, RecordOrigin(line: 0, offset: 0))
    }

    /// Marks a record of this transaction as replaced by a merged one.
    package mutating func replace(_ place: RecordPlace) { chunks[Int(place.slot)].replaced.append(Int(place.position)) }

    /// Takes an update out again that cannot be merged with the write that waits; it counts as rejected, not accepted.
    package mutating func refuse(_ place: RecordPlace) {
        let chunk = chunks[Int(place.slot)]
        replace(place)
        accepted -= 1
        bytes -= chunk.directory.range(Int(place.position)).count
        counted[chunk.submissions[Int(place.position)], default: SubmissionCounts()].accepted -= 1
    }

    private mutating func append(
        _ kind: OperationKind, _ encoded: [UInt8], _ weight: Int, _ key: RecordKey, _ openKey: OpenKey,
        _ submission: Int64, _ origin: RecordOrigin
    ) -> RecordPlace {
        let limits = RequestLimits.published(openKey.encoding, kind)
        let number = openChunk(openKey, submission, limits, bytes: encoded.count, weight: weight)
        chunks[number].submissions.append(submission, at: chunks[number].directory.count)
        chunks[number].append(encoded, key: key, weight: weight)
        isChunkFull = !chunks[number].hasRoom(limits, bytes: encoded.count, weight: weight)
        if kind == .update { chunks[number].origins.append(origin) }
        return RecordPlace(slot: UInt32(number), position: UInt16(chunks[number].directory.count - 1))
    }

    /// The chunk that takes the next record of its kind: the open one if it has room, else a new one.
    private mutating func openChunk(
        _ key: OpenKey, _ submission: Int64, _ limits: RequestLimits, bytes: Int, weight: Int
    ) -> Int {
        if let lastOpen, lastOpen.key == key {
            if chunks[lastOpen.number].hasRoom(limits, bytes: bytes, weight: weight) { return lastOpen.number }
        } else if let known = open[key], chunks[known].hasRoom(limits, bytes: bytes, weight: weight) {
            lastOpen = (key, known)
            return known
        }
        let number = chunks.count
        chunks.append(
            Chunk(lane: key.lane, submission: submission, operation: key.operation, encoding: key.encoding))
        open[key] = number
        lastOpen = (key, number)
        return number
    }
}

extension AcceptTransaction.Chunk {
    /// Whether a record can be added and all of them still go into one request.
    @inline(__always)
    fileprivate func hasRoom(_ limits: RequestLimits, bytes: Int, weight: Int) -> Bool {
        // Updates go one a request, so their chunk is only bounded to keep it cheap to read.
        let recordsMax = operation == .update ? 1_000 : limits.recordsMax
        return directory.count < recordsMax && self.weight + weight <= limits.weightMax
            && payload.count + bytes + RequestLimits.envelopeBytes <= limits.bytesMax
    }

    fileprivate mutating func append(_ encoded: [UInt8], key: RecordKey, weight: Int) {
        makeRoom(payload.count + encoded.count)
        payload.append(contentsOf: encoded)
        self.weight += min(weight, Int(UInt32.max))
        directory.append(key: key, end: payload.count, weight: weight)
    }

    /// Doubles the payload's room, until it is large enough for memory of the pool.
    private mutating func makeRoom(_ bytes: Int) {
        guard bytes > payload.capacity else { return }
        if bytes <= PayloadPool.smallBytesMax || bytes > PayloadPool.payloadBytes {
            return payload.reserveCapacity(2 * bytes)
        }
        var larger = PayloadPool.shared.take()
        larger.append(contentsOf: payload)
        payload = larger
    }
}

/// What became of a submission's records.
package struct SubmissionCounts: Sendable, Equatable {
    package var accepted = 0
    package var rejected = 0
    package var superseded = 0
    package var delivered = 0
    package var noEffect = 0
    package var quarantined = 0
    package init() {}

    /// Sums count by count.
    package static func += (left: inout SubmissionCounts, right: SubmissionCounts) {
        left.accepted += right.accepted
        left.rejected += right.rejected
        left.superseded += right.superseded
        left.delivered += right.delivered
        left.noEffect += right.noEffect
        left.quarantined += right.quarantined
    }
}
