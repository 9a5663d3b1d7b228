extension TargetDelivery {
    /// Takes the answer to an attempt.
    ///
    /// - Parameter now: Unix milliseconds.
    /// - Returns: What follows from it, in order.
    package mutating func finished(
        _ id: AttemptID, _ outcome: Outcome, now: Int64, using generator: inout some RandomNumberGenerator
    ) -> [DeliveryEffect] {
        guard var attempt = attempts[id], attempt.isSending else { return [] }
        attempt.isSending = false
        attempts[id] = attempt
        let wasProbe = gates.endProbe(attempt.batch.lane, request: attempt.request, now: now)
        switch outcome {
        case .acknowledged(_, let count):
            return answered() + succeeded(id, attempt, said: count, now: now)
        case .noEffect:
            attempts[id] = nil
            return answered() + progressed(attempt) + [.noEffect(attempt.batch, holdUntil: holdUntil(attempt))]
        case .retry(let after, let throttled, let reason):
            budget.failed()
            if throttled {
                throttle(attempt)
                return answered() + backOffLane(id, attempt, after: after, reason, now: now, using: &generator)
            }
            return backOffTarget(id, attempt, after: after, reason, now: now, using: &generator)
        case .ambiguous(let reason):
            budget.failed()
            return repeatLater(id, attempt, reason, now: now, using: &generator)
        case .tooLarge(let reason):
            return answered() + tooLarge(id, attempt, reason, now: now)
        case .refused(let reason):
            return answered() + refused(id, attempt, reason, wasProbe: wasProbe, now: now)
        case .hold(let hold) where hold.kind.isOfNamespace:
            return answered() + holdLane(id, attempt, hold, wasProbe: wasProbe, now: now)
        case .hold(let hold):
            return holdTarget(id, attempt, hold, now: now)
        }
    }

    func holdUntil(_ attempt: Attempt) -> Int64? {
        attempt.ambiguousAt.map { $0 + settings.ambiguousHold }
    }

    /// The index itself has answered, so a hold on the target is over.
    private mutating func answered() -> [DeliveryEffect] {
        failures = 0
        guard let over = hold, over.kind != .hostChanged else { return [] }
        hold = nil
        probeDelay = settings.probeInterval
        return [.resumed(over)]
    }

    /// A request of the namespace went through.
    private mutating func progressed(_ attempt: Attempt) -> [DeliveryEffect] {
        streak.succeeded(attempt.batch.lane)
        budget.succeeded()
        grow(attempt)
        guard let over = gates.succeeded(attempt.batch.lane) else { return [] }
        return [.resumedNamespace(HeldNamespace(namespace: over.namespace, hold: over.hold, since: over.since))]
    }

    private mutating func succeeded(
        _ id: AttemptID, _ attempt: Attempt, said: Int?, now: Int64
    ) -> [DeliveryEffect] {
        attempts[id] = nil
        if bytesBound != nil, boundRaiseAt <= now { raiseBound(now: now) }
        var effects = progressed(attempt)
        effects.append(.delivered(attempt.batch, holdUntil: holdUntil(attempt)))
        if attempt.batch.operation == .upsert, let said, said != attempt.batch.count, !warnedOfCount {
            warnedOfCount = true
            effects.append(.countDiffers(sent: attempt.batch.count, said: said))
        }
        return effects
    }

    private mutating func refused(
        _ id: AttemptID, _ attempt: Attempt, _ reason: String, wasProbe: Bool, now: Int64
    ) -> [DeliveryEffect] {
        guard attempt.batch.count == 1 else { return split(id, attempt, reason) }
        if streak.refused(attempt.batch.lane, reason) {
            return holdLane(id, attempt, Hold(.refusedAll, reason), wasProbe: wasProbe, now: now)
        }
        return quarantined(id, attempt, reason, now: now)
    }

    private mutating func quarantined(
        _ id: AttemptID, _ attempt: Attempt, _ reason: String, now: Int64
    ) -> [DeliveryEffect] {
        attempts[id] = nil
        return [.quarantined(attempt.batch, reason: reason, holdUntil: holdUntil(attempt))]
    }

    private mutating func tooLarge(
        _ id: AttemptID, _ attempt: Attempt, _ reason: String, now: Int64
    ) -> [DeliveryEffect] {
        guard attempt.batch.count > 1 else { return quarantined(id, attempt, reason, now: now) }
        let size = attempt.batch.requestBytes
        let lowered = size > 2_000_000 ? 2_000_000 : max(65_536, size / 2)
        var effects: [DeliveryEffect] = []
        if lowered < bytesBound ?? .max {
            bytesBound = lowered
            boundRaiseAt = now + 3_600_000
            effects.append(.loweredBound(bytes: lowered, reason: reason))
        }
        return effects + split(id, attempt, reason)
    }

    /// Cuts a batch in two; both parts go out next. One bad record among n is alone after about 2·log₂ n requests.
    private mutating func split(_ id: AttemptID, _ attempt: Attempt, _ reason: String) -> [DeliveryEffect] {
        attempts[id] = nil
        let middle = attempt.batch.count / 2
        for range in [0..<middle, middle..<attempt.batch.count] {
            var part = Attempt(batch: attempt.batch.part(range))
            part.ambiguousAt = attempt.ambiguousAt
            part.depth = attempt.depth + 1
            _ = add(part)
        }
        return [.split(records: attempt.batch.count, reason: reason)]
    }

    private mutating func throttle(_ attempt: Attempt) {
        // Once for all that was on the wire together, as in the official SDK.
        guard attempt.request > halvedAtRequest else { return }
        halvedAtRequest = requests
        concurrency = max(1, min(concurrency, requestsInFlight + 1) / 2)
        successesAtLimit = 0
    }

    /// One more request after a full round of successes, and only while the limit is what holds requests back.
    private mutating func grow(_ attempt: Attempt) {
        guard concurrency < settings.requestsInFlightMax, requestsInFlight + 1 >= concurrency else { return }
        successesAtLimit += 1
        if successesAtLimit >= concurrency {
            concurrency += 1
            successesAtLimit = 0
        }
    }

    private mutating func raiseBound(now: Int64) {
        guard let bound = bytesBound else { return }
        bytesBound = bound * 2 >= 2_080_000 ? nil : bound * 2
        boundRaiseAt = now + 3_600_000
    }
}
