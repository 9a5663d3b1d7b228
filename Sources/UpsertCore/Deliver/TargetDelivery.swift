/// Decides what is sent to one target, when, and what an answer means for the records: event in, actions out.
///
/// A pure value. Its owner asks ``next(now:)``, sends what it says, and reports each answer to
/// ``finished(_:_:now:using:)``. A batch stays the same batch until it is settled: it is repeated with the same bytes, or cut
/// into parts, so its records never meet a newer version of themselves on the wire.
package struct TargetDelivery: Sendable {
    /// Identifies a batch from the first attempt until it is settled or split.
    package typealias AttemptID = UInt64

    struct Attempt: Sendable {
        var batch: Batch
        var failures = 0
        /// Unix milliseconds of the first attempt whose outcome is not known.
        var ambiguousSince: Int64?
        /// Not to be sent again before this time (Unix milliseconds).
        var notBefore: Int64 = 0
        var isSending = false
        /// Whether this attempt was sent to find out if a hold is over.
        var isProbe = false
    }

    package internal(set) var settings: DeliverySettings
    var attempts: [AttemptID: Attempt] = [:]
    var nextID: AttemptID = 1
    /// Requests allowed in flight now: halved when throttled, one more after a full round of successes.
    package internal(set) var concurrency: Int
    var successesAtLimit = 0
    /// Nothing is sent before this time because the server said so (Unix milliseconds).
    var pushbackUntil: Int64 = 0
    /// Why nothing is sent; nil while all is well.
    package internal(set) var hold: Hold?
    var probeAt: Int64 = 0
    var probeDelay: Int64
    /// Lowered bound on the bytes of a request, after the server refused a larger one.
    package internal(set) var bytesBound: Int?
    var boundRaiseAt: Int64 = 0
    var streak = RefusalStreak()
    var laneProbes: [LaneNumber: Int64] = [:]
    var warnedOfCount = false
    package internal(set) var isPaused = false
    package internal(set) var isStopping = false

    package init(settings: DeliverySettings) {
        self.settings = settings
        concurrency = settings.requestsInFlightMax
        probeDelay = settings.probeInterval
    }

    /// What the owner should do next.
    package enum Step: Sendable {
        /// Send this batch again.
        case send(AttemptID, Batch)
        /// Take a batch from the queue and give it to ``begin(_:)``.
        case take
        /// Nothing until an answer arrives, or until this time (Unix milliseconds).
        case wait(until: Int64?)
    }

    /// Requests on the wire.
    package var requestsInFlight: Int { attempts.values.reduce(0) { $0 + ($1.isSending ? 1 : 0) } }
    /// Records in batches that are taken, on the wire or between attempts.
    package var recordsTaken: Int { attempts.values.reduce(0) { $0 + $1.batch.count } }
    /// Batches with an attempt whose outcome is not known.
    package var unresolved: Int { attempts.values.reduce(0) { $0 + ($1.ambiguousSince == nil ? 0 : 1) } }

    /// What to do now.
    package mutating func next(now: Int64) -> Step {
        guard !isStopping, !isPaused else { return .wait(until: nil) }
        if hold != nil { return probe(now: now) }
        guard pushbackUntil <= now else { return .wait(until: pushbackUntil) }
        guard requestsInFlight < concurrency else { return .wait(until: nil) }
        var earliest: Int64?
        var due: (id: AttemptID, notBefore: Int64)?
        for (id, attempt) in attempts where !attempt.isSending {
            if attempt.notBefore > now {
                earliest = min(earliest ?? .max, attempt.notBefore)
            } else if (attempt.notBefore, id) < (due?.notBefore ?? .max, due?.id ?? .max) {
                due = (id, attempt.notBefore)
            }
        }
        if let due { return resend(due.id, isProbe: false) }
        // A batch between attempts keeps its place: the target is in trouble, and more requests would not help it.
        return attempts.count < concurrency ? .take : .wait(until: earliest)
    }

    private mutating func probe(now: Int64) -> Step {
        guard requestsInFlight == 0 else { return .wait(until: nil) }
        guard probeAt <= now else { return .wait(until: probeAt) }
        guard let oldest = attempts.keys.min() else { return .take }
        return resend(oldest, isProbe: true)
    }

    private mutating func resend(_ id: AttemptID, isProbe: Bool) -> Step {
        guard var attempt = attempts[id] else { return .wait(until: nil) }
        attempt.isSending = true
        attempt.isProbe = isProbe
        attempts[id] = attempt
        return .send(id, attempt.batch)
    }

    /// Notes that a batch just taken is being sent.
    package mutating func begin(_ batch: Batch) -> AttemptID {
        var attempt = Attempt(batch: batch)
        attempt.isSending = true
        attempt.isProbe = hold != nil
        return add(attempt)
    }

    mutating func add(_ attempt: Attempt) -> AttemptID {
        let id = nextID
        nextID += 1
        attempts[id] = attempt
        return id
    }

    /// Bounds of the next request, lowered where the server refused larger ones.
    package func limits(_ encoding: Encoding, _ operation: OperationKind) -> RequestLimits {
        var limits = RequestLimits.published(encoding, operation)
        if let bytesBound {
            limits.bytesMax = min(limits.bytesMax, bytesBound)
            limits.weightMax = min(limits.weightMax, bytesBound)
        }
        return limits
    }

    /// Stops or restarts sending at an operator's word.
    package mutating func pause(_ paused: Bool) { isPaused = paused }

    /// Takes new settings; a hold is probed at once, since a key or host may have been mended.
    package mutating func reconfigure(_ settings: DeliverySettings, now: Int64) {
        self.settings = settings
        concurrency = min(max(1, concurrency), settings.requestsInFlightMax)
        probeDelay = settings.probeInterval
        probeAt = now
    }

    /// Starts nothing more; answers to what is on the wire are still taken.
    package mutating func stop() { isStopping = true }

    /// Gives up what is still on the wire when the time to stop has run out, and says whether every attempt was answered.
    package var isClean: Bool { attempts.values.allSatisfy { !$0.isSending && $0.ambiguousSince == nil } }
}
