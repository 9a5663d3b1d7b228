/// What the daemon is doing, as of one moment: the one snapshot behind status, metrics, the journal and `systemctl status`.
///
/// Its JSON form has the names below in snake case. It is documented and only added to.
package struct StatusReport: Sendable, Equatable, Codable {
    /// The daemon's overall state.
    package enum State: String, Sendable, Codable, CaseIterable {
        /// Recovering, opening the queue, binding the socket.
        case starting
        case running
        /// Every target is paused by an operator.
        case paused
        /// Takes nothing new and finishes what waits.
        case draining
        /// Takes nothing new and finishes what is in flight.
        case stopping
        case failed
    }

    /// Records with their size and age.
    package struct Queued: Sendable, Equatable, Codable {
        package var records = 0
        package var bytes = 0
        /// Seconds since the oldest of them was accepted; 0 while nothing waits.
        package var oldestAgeSeconds: Double = 0
        package init() {}
    }

    /// What is on the wire.
    package struct InFlight: Sendable, Equatable, Codable {
        package var requests = 0
        package var records = 0
        package init() {}
    }

    /// Records and their encoded bytes.
    package struct Accepted: Sendable, Equatable, Codable {
        package var records = 0
        package var bytes = 0
        package init() {}
    }

    /// Records acknowledged by a target.
    package struct Delivered: Sendable, Equatable, Codable {
        package var records = 0
        package var requests = 0
        package var bytes = 0
        /// Over the last ten seconds or so.
        package var recordsPerSecond: Double = 0
        package init() {}
    }

    /// A number of records.
    package struct Records: Sendable, Equatable, Codable {
        package var records = 0
        package init(_ records: Int = 0) { self.records = records }
    }

    /// Records that a server refused.
    package struct Quarantined: Sendable, Equatable, Codable {
        /// Ever.
        package var records = 0
        /// In the quarantine now.
        package var current = 0
        package init() {}
    }

    /// The queue's file.
    package struct QueueFile: Sendable, Equatable, Codable {
        package var fileBytes = 0
        /// Whether the previous process stopped without closing the queue.
        package var startedUnclean = false
        /// Whether nothing is accepted because the disk is full.
        package var diskFull = false
        /// Bytes kept on the disk for storing what was delivered; 0 while they are in use or not to be had.
        package var reserveBytes = 0
        /// Where this start has set a damaged queue aside; absent where it has not.
        package var setAside: String?
        package init() {}
    }

    /// What waits for a target that is not configured.
    package struct Orphan: Sendable, Equatable, Codable {
        package var queuedRecords: Int
        package var quarantinedRecords: Int

        package init(queuedRecords: Int, quarantinedRecords: Int) {
            self.queuedRecords = queuedRecords
            self.quarantinedRecords = quarantinedRecords
        }
    }

    package private(set) var schema = 1
    package var state: State
    /// In state `failed`, why; one sentence.
    package var failure: String?
    /// True only when incoming, claimed, outboxes and queue are all empty and nothing is in flight.
    package var idle = false
    /// Accepted and not settled, in flight included.
    package var queued = Queued()
    package var inFlight = InFlight()
    // Counters since the queue was created.
    package var accepted = Accepted()
    package var delivered = Delivered()
    package var coalesced = Records()
    package var noEffect = Records()
    package var rejected = Records()
    package var quarantined = Quarantined()
    package var dropped = Records()
    /// By name.
    package var targets: [String: TargetReport] = [:]
    /// Targets that are not configured and for which records wait, by name.
    package var orphaned: [String: Orphan] = [:]
    package var spools: [SpoolReport] = []
    package var outboxes: [OutboxReport] = []
    /// Records whose next version waits because an outcome is not known.
    package var heldKeys = 0
    package var queue = QueueFile()
    /// Since the process started.
    package var stages = StagesReport()
    package var version: String
    package var pid: Int32
    /// RFC 3339, UTC.
    package var startedAt: String
    /// Whole seconds.
    package var uptimeSeconds: Int

    /// - Parameters:
    ///   - startedAt: Unix milliseconds at which the process started.
    ///   - now: Unix milliseconds.
    package init(state: State, version: String, pid: Int32, startedAt: Int64, now: Int64) {
        self.state = state
        self.version = version
        self.pid = pid
        self.startedAt = Timestamp.text(milliseconds: startedAt)
        uptimeSeconds = Int(max(0, now - startedAt) / 1_000)
    }
}
