package import UpsertCore

/// Everything that one accept commit makes durable together.
package struct Acceptance: Sendable {
    /// The records.
    package var transaction: AcceptTransaction
    /// The submissions that records or refusals came with.
    package var submissions: [SubmissionProgress] = []
    /// How far each claimed file has been taken.
    package var claims: [ClaimProgress] = []
    /// Submissions whose claimed file is durably gone, so their claim rows can go.
    package var forget: [Int64] = []
    /// Outbox rows that cannot be read; they go to quarantine as they are.
    package var refusedRows: [RefusedRow] = []
    /// Quarantined records that this submission takes the place of, mended; they leave in the same commit.
    package var replacing: [Int64] = []
    /// The outbox rows that these records came from.
    package var outboxRun: OutboxRunProgress?

    package init(transaction: AcceptTransaction) { self.transaction = transaction }
}

/// A submission as one commit changes it.
package struct SubmissionProgress: Sendable, Equatable {
    /// Its number: the claim's sequence number.
    package var number: Int64
    /// The spool's directory or the outbox's path.
    package var source: String
    /// The dropped file's name, or the range of rows.
    package var name: String
    /// Records refused since the last commit.
    package var rejected: Int
    /// Whether nothing more will come.
    package var complete: Bool

    package init(number: Int64, source: String, name: String, rejected: Int, complete: Bool) {
        self.number = number
        self.source = source
        self.name = name
        self.rejected = rejected
        self.complete = complete
    }
}

/// How far a claimed spool file has been accepted: where to resume after a crash.
package struct ClaimProgress: Sendable, Equatable {
    package var submission: Int64
    /// The spool's directory.
    package var spool: String
    /// The file's name in `claimed/`.
    package var file: String
    package var device: UInt64
    package var inode: UInt64
    /// Byte after the last line taken.
    package var offset: Int
    /// Lines taken.
    package var line: Int
    /// Records refused so far.
    package var refused: Int
    /// The errors file, relative to `rejected/`, once there is one.
    package var errorsFile: String?
    /// Its durable length.
    package var errorsLength: Int
    /// Accepted whole: only to be removed.
    package var finished: Bool
    /// The errors file does not hold all that was refused, so the file goes to `rejected/` in the end.
    package var keepsOriginal = false
    /// Refused as a whole: it goes to `rejected/` whatever its size, and is not read again. Implies ``keepsOriginal``.
    package var isRefusedWhole = false

    package init(
        submission: Int64, spool: String, file: String, device: UInt64, inode: UInt64, offset: Int = 0, line: Int = 0,
        refused: Int = 0, errorsFile: String? = nil, errorsLength: Int = 0, finished: Bool = false
    ) {
        self.submission = submission
        self.spool = spool
        self.file = file
        self.device = device
        self.inode = inode
        self.offset = offset
        self.line = line
        self.refused = refused
        self.errorsFile = errorsFile
        self.errorsLength = errorsLength
        self.finished = finished
    }
}

/// The last run of rows accepted from one outbox.
package struct OutboxRunProgress: Sendable, Equatable {
    /// Path of the database, as configured.
    package var outbox: String
    package var identity: [UInt8]
    /// The run's (seq, uid) pairs, in the outbox's own encoding.
    package var rows: [UInt8]

    package init(outbox: String, identity: [UInt8], rows: [UInt8]) {
        self.outbox = outbox
        self.identity = identity
        self.rows = rows
    }
}

/// An outbox row that is no valid record.
package struct RefusedRow: Sendable, Equatable {
    package var lane: LaneNumber
    package var submission: Int64
    /// Its id, as far as it could be read.
    package var id: String
    package var reason: String
    /// The record as it was submitted.
    package var data: [UInt8]

    package init(lane: LaneNumber, submission: Int64, id: String, reason: String, data: [UInt8]) {
        self.lane = lane
        self.submission = submission
        self.id = id
        self.reason = reason
        self.data = data
    }
}

/// What an accept call did.
package enum AcceptResult: Sendable {
    /// Committed and durable.
    case committed
    /// Nothing was committed: these updates, merged with the write that waits, would break a limit. Refuse them in the
    /// transaction with ``AcceptTransaction/refuse(_:)`` and accept again.
    case refused([RefusedUpdate])
}

/// An update that cannot be merged with the write that waits for the same record.
package struct RefusedUpdate: Sendable {
    /// Its place in the transaction.
    package var place: RecordPlace
    package var origin: AcceptTransaction.RecordOrigin
    package var submission: Int64
    package var rejection: Rejection
}
