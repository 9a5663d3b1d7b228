/// What the window remembers of one chunk: a few words and two bits a record; its bytes stay on disk.
package struct ChunkState: Sendable {
    /// Row of the chunk in the queue; order of acceptance.
    package let sequence: Int64
    package let lane: LaneNumber
    package let operation: OperationKind
    package let encoding: Encoding
    /// Rows of the submissions that its records came with.
    package let submissions: SubmissionRuns
    /// Unix milliseconds at acceptance.
    package let acceptedAt: Int64
    package let records: Int
    /// Bytes of the chunk's payload.
    package let bytes: Int
    /// True for a chunk that an unclean start found: its records may have been in flight before.
    package let found: Bool
    /// Settled or superseded records. Stored in the queue when records leave it, see ``dirty``.
    package internal(set) var done: Bitmap
    /// Records in flight, or waiting behind another version of the same key.
    package internal(set) var taken: Bitmap
    /// Records neither done nor taken.
    package internal(set) var waiting: Int
    /// Records not done.
    package internal(set) var live: Int
    /// Records superseded since `done` was last stored.
    package internal(set) var supersededUnsaved = 0
    /// The same by submission.
    var supersededSubmissions: [Int64: Int] = [:]
    /// The sequence whose turn this chunk has: its own, or that of the oldest waiting record it replaced.
    package internal(set) var turn: Int64
    /// Whether its records are in the key index.
    package internal(set) var warm = false
    package internal(set) var scheduled = false
    /// The target of its lane.
    var target: QueuedFigures.TargetNumber = 0

    package init(
        sequence: Int64, lane: LaneNumber, operation: OperationKind, encoding: Encoding, submissions: SubmissionRuns,
        acceptedAt: Int64, records: Int, bytes: Int, done: Bitmap, found: Bool
    ) {
        self.sequence = sequence
        self.lane = lane
        self.operation = operation
        self.encoding = encoding
        self.submissions = submissions
        self.acceptedAt = acceptedAt
        self.records = records
        self.bytes = bytes
        self.found = found
        self.done = done
        taken = Bitmap(count: records)
        live = records - done.population
        waiting = live
        turn = sequence
    }

    /// Mean bytes of a record, for estimates.
    var bytesPerRecord: Int { bytes / max(1, records) }

    /// Whether `done` has bits that the queue has not stored.
    package var dirty: Bool { supersededUnsaved > 0 }
}

/// Number of a lane: one (target, namespace), as a row of the queue.
package typealias LaneNumber = Int64
