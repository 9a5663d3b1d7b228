package import UpsertStorage

/// What an operator can ask of the running daemon; the services stand behind it.
///
/// Every call may throw ``OperatorError``, `QueueError` or ``ConfigurationErrors``, which keep their meaning on the socket;
/// anything else becomes an internal error.
package struct OperatorInterface: Sendable {
    /// The snapshot now.
    package var status: @Sendable () async throws -> StatusReport
    /// The receipt with this number, or the newest one of a submission with this name; nil where there is none.
    package var receipt: @Sendable (_ id: String) async throws -> Receipt?
    /// Quarantined records with a number above `after`, oldest first, at most `limit`.
    package var quarantine: @Sendable (_ after: Int64, _ limit: Int) async throws -> [QuarantineEntry]
    /// One quarantined record.
    package var quarantineEntry: @Sendable (_ number: Int64) async throws -> QuarantineEntry
    /// Puts quarantined records back into the queue; with `force` also where a newer write was accepted since. Returns those
    /// that stay.
    package var retryQuarantined: @Sendable (_ numbers: [Int64], _ force: Bool) async throws -> [QuarantineRefusal]
    /// Deletes quarantined records for good. Returns those that do not exist.
    package var dropQuarantined: @Sendable (_ numbers: [Int64]) async throws -> [QuarantineRefusal]
    /// Submits a record, given as JSON, in the place of a quarantined one.
    package var replaceQuarantined: @Sendable (_ number: Int64, _ record: [UInt8]) async throws -> Void
    /// Sends the records that wait for a target to its new host.
    package var acceptTarget: @Sendable (_ name: String) async throws -> Void
    /// Stops sending to one target, or to all; survives a restart.
    package var pause: @Sendable (_ target: String?) async throws -> Void
    /// Starts sending again.
    package var resume: @Sendable (_ target: String?) async throws -> Void
    /// Sends what waits at once, without lingering.
    package var flush: @Sendable () async throws -> Void
    /// Reads the configuration again and returns when it is in force.
    package var reload: @Sendable () async throws -> Void

    package init(
        status: @escaping @Sendable () async throws -> StatusReport,
        receipt: @escaping @Sendable (_ id: String) async throws -> Receipt?,
        quarantine: @escaping @Sendable (_ after: Int64, _ limit: Int) async throws -> [QuarantineEntry],
        quarantineEntry: @escaping @Sendable (_ number: Int64) async throws -> QuarantineEntry,
        retryQuarantined: @escaping @Sendable (_ numbers: [Int64], _ force: Bool) async throws -> [QuarantineRefusal],
        dropQuarantined: @escaping @Sendable (_ numbers: [Int64]) async throws -> [QuarantineRefusal],
        replaceQuarantined: @escaping @Sendable (_ number: Int64, _ record: [UInt8]) async throws -> Void,
        acceptTarget: @escaping @Sendable (_ name: String) async throws -> Void,
        pause: @escaping @Sendable (_ target: String?) async throws -> Void,
        resume: @escaping @Sendable (_ target: String?) async throws -> Void,
        flush: @escaping @Sendable () async throws -> Void,
        reload: @escaping @Sendable () async throws -> Void
    ) {
        self.status = status
        self.receipt = receipt
        self.quarantine = quarantine
        self.quarantineEntry = quarantineEntry
        self.retryQuarantined = retryQuarantined
        self.dropQuarantined = dropQuarantined
        self.replaceQuarantined = replaceQuarantined
        self.acceptTarget = acceptTarget
        self.pause = pause
        self.resume = resume
        self.flush = flush
        self.reload = reload
    }
}

/// Why the daemon does not do what an operator asked.
package struct OperatorError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of causes; raw values appear on the socket.
    package enum Code: String, Sendable {
        /// What was named does not exist.
        case notFound = "not_found"
        /// The request itself is wrong.
        case invalid
        /// It makes no sense in this state.
        case conflict
        /// The record given is no valid one.
        case rejected
        /// Not now: starting, stopping or failed.
        case unavailable
    }

    package var code: Code
    /// One sentence.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
