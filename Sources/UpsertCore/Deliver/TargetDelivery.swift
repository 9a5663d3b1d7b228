/// Decides what is sent to one target, when, and what an answer means for the records: event in, actions out.
///
/// A pure value. Its owner asks ``next(now:)``, sends what it says, and reports each answer to
/// ``finished(_:_:now:using:)``. A batch whose outcome is not known stays the same batch until it is settled: it is repeated
/// with the same bytes, or cut into parts, so its records never meet a newer version of themselves on the wire. A batch that
/// was not applied for certain goes back to the queue, where a newer write may still replace its records.
package struct TargetDelivery: Sendable {
    /// Identifies a batch from the first attempt until it is settled, split or put back.
    package typealias AttemptID = UInt64

    struct Attempt: Sendable {
        var batch: Batch
        var failures = 0
        /// How often it was cut to find a refused record or to fit a bound.
        var depth = 0
        /// Unix milliseconds at which the latest attempt with an unknown outcome was given up; nil while there is none.
        var ambiguousAt: Int64?
        /// Not to be sent again before this time (Unix milliseconds).
        var notBefore: Int64 = 0
        var isSending = false
        /// The number of its latest request.
        var request = 0
    }

    package internal(set) var settings: DeliverySettings
    var attempts: [AttemptID: Attempt] = [:]
    var nextID: AttemptID = 1
    /// Requests allowed in flight now: halved when throttled, one more after a full round of successes.
    package internal(set) var concurrency: Int
    var successesAtLimit = 0
    /// Requests sent so far, and how many had been when the concurrency was last halved.
    var requests = 0
    var halvedAtRequest = 0
    /// Nothing is sent before this time: the target as a whole is in trouble (Unix milliseconds).
    var backoffUntil: Int64 = 0
    /// Failures in a row of the target as a whole, and how many requests had been sent at the latest.
    var failures = 0
    var failedAtRequest = 0
    var budget = RetryBudget()
    var gates = LaneGates()
    var governor: Governor
    /// Why nothing is sent; nil while all is well.
    package internal(set) var hold: Hold?
    var probeAt: Int64 = 0
    var probeDelay: Int64
    /// Lowered bound on the bytes of a request, after the server refused a larger one.
    package internal(set) var bytesBound: Int?
    var boundRaiseAt: Int64 = 0
    var streak = RefusalStreak()
    var warnedOfCount = false
    package internal(set) var isPaused = false
    package internal(set) var isStopping = false

    package init(settings: DeliverySettings) {
        self.settings = settings
        concurrency = settings.requestsInFlightMax
        probeDelay = settings.probeInterval
        governor = Governor(settings.governor)
    }

    /// What the owner should do next.
    package enum Step: Sendable {
        /// Send this batch again.
        case send(AttemptID, Batch)
        /// Take a batch from the queue and give it to ``begin(_:now:)``; where there is none, ask again at this time (Unix
        /// milliseconds).
        case take(orWait: Int64?)
        /// Nothing until an answer arrives, or until this time (Unix milliseconds).
        case wait(until: Int64?)
    }

    /// Requests on the wire.
    package var requestsInFlight: Int { attempts.values.reduce(0) { $0 + ($1.isSending ? 1 : 0) } }
    /// Records in batches that are taken, on the wire or between attempts.
    package var recordsTaken: Int { attempts.values.reduce(0) { $0 + $1.batch.count } }
    /// Batches with an attempt whose outcome is not known.
    package var unresolved: Int { attempts.values.reduce(0) { $0 + ($1.ambiguousAt == nil ? 0 : 1) } }
    /// Whether so many outcomes are not known that nothing new is sent.
    package var isAtUnresolvedMax: Bool { unresolved >= settings.unresolvedMax }

    /// 0…1: what is left of the retry budget; at half or less, requests go one at a time.
    package var retryBudget: Double { budget.fraction }

    /// Namespaces that are held, with their reasons.
    package var heldNamespaces: [HeldNamespace] {
        gates.holds.values.map { HeldNamespace(namespace: $0.namespace, hold: $0.hold, since: $0.since) }
    }

    /// What to do now.
    package mutating func next(now: Int64) -> Step {
        guard !isStopping, !isPaused else { return .wait(until: nil) }
        if hold != nil { return probe(now: now) }
        guard backoffUntil <= now else { return .wait(until: backoffUntil) }
        guard requestsInFlight < (budget.isExhausted ? 1 : concurrency) else { return .wait(until: nil) }
        let (due, earliest) = due(now: now)
        if let due { return resend(due, now: now) }
        return isAtUnresolvedMax ? .wait(until: earliest) : .take(orWait: earliest)
    }

    /// The batch between attempts whose turn it is, and when the next one is due.
    ///
    /// The smallest parts first: a bad record is found before its neighbours' halves are all open.
    private func due(now: Int64) -> (AttemptID?, earliest: Int64?) {
        var earliest: Int64?
        var due: (id: AttemptID, depth: Int, notBefore: Int64)?
        for (id, attempt) in attempts where !attempt.isSending {
            let ready = readyTime(attempt, now: now)
            if ready > now {
                earliest = min(earliest ?? .max, ready)
            } else if due == nil
                || (-attempt.depth, ready, id) < (-(due?.depth ?? 0), due?.notBefore ?? 0, due?.id ?? 0)
            {
                due = (id, attempt.depth, ready)
            }
        }
        return (due?.id, earliest)
    }

    private func readyTime(_ attempt: Attempt, now: Int64) -> Int64 {
        let lane = attempt.batch.lane
        let governed = max(attempt.notBefore, governor.readyTime(lane, attempt.batch.operation))
        guard case .closed(let until) = gates.admission(lane, now: now) else { return governed }
        return max(governed, until)
    }

    private mutating func probe(now: Int64) -> Step {
        guard hold?.kind != .hostChanged else { return .wait(until: nil) }
        guard requestsInFlight == 0 else { return .wait(until: nil) }
        guard probeAt <= now else { return .wait(until: probeAt) }
        guard let oldest = attempts.keys.min() else { return .take(orWait: nil) }
        return resend(oldest, now: now)
    }

    private mutating func resend(_ id: AttemptID, now: Int64) -> Step {
        guard var attempt = attempts[id] else { return .wait(until: nil) }
        markSending(&attempt, now: now)
        attempts[id] = attempt
        return .send(id, attempt.batch)
    }

    private mutating func markSending(_ attempt: inout Attempt, now: Int64) {
        requests += 1
        attempt.request = requests
        attempt.isSending = true
        let batch = attempt.batch
        gates.sent(batch.lane, request: requests)
        governor.charge(batch.lane, batch.operation, records: batch.count, bytes: batch.requestBytes, now: now)
    }

    /// Notes that a batch just taken is being sent.
    package mutating func begin(_ batch: Batch, now: Int64) -> AttemptID {
        var attempt = Attempt(batch: batch)
        markSending(&attempt, now: now)
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

    /// Whether a batch of this namespace may be taken now.
    package func admission(_ lane: LaneNumber, _ operation: OperationKind, now: Int64) -> LaneAdmission {
        let governed = governor.readyTime(lane, operation)
        if governed > now { return .closed(until: governed) }
        return gates.isEmpty ? .open : gates.admission(lane, now: now)
    }

    /// Stops or restarts sending at an operator's word.
    package mutating func pause(_ paused: Bool) { isPaused = paused }

    /// Takes new settings; holds are probed at once, since a key or host may have been mended.
    package mutating func reconfigure(_ settings: DeliverySettings, now: Int64) {
        self.settings = settings
        governor.limits = settings.governor
        concurrency = min(max(1, concurrency), settings.requestsInFlightMax)
        probeDelay = settings.probeInterval
        probeAt = now
        backoffUntil = 0
        gates.probeNow(now: now)
    }

    /// Starts nothing more; answers to what is on the wire are still taken.
    package mutating func stop() { isStopping = true }

    /// Whether every attempt was answered, so that nothing can be applied any more.
    package var isClean: Bool { attempts.values.allSatisfy { !$0.isSending && $0.ambiguousAt == nil } }
}

/// A namespace that nothing is sent to for now.
package struct HeldNamespace: Sendable, Equatable {
    package var namespace: String
    package var hold: Hold
    /// Unix milliseconds.
    package var since: Int64
}
