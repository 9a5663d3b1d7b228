/// What an answer means for the queue and for those who watch.
package enum DeliveryEffect: Sendable {
    case delivered(Batch, holdUntil: Int64?)
    case noEffect(Batch, holdUntil: Int64?)
    /// The record alone was refused.
    case quarantined(Batch, reason: String, holdUntil: Int64?)
    /// Never applied and not to be sent for now: its records wait again.
    case putBack(Batch)
    /// Nothing of this namespace is to be taken before `until` (Unix milliseconds).
    case heldLane(LaneNumber, namespace: String, Hold, until: Int64)
    /// The target is held; said once per hold.
    case held(Hold)
    /// The hold is over.
    case resumed(Hold)
    /// Requests are smaller from now on.
    case loweredBound(bytes: Int, reason: String)
    /// The server acknowledged with another count than was sent; said once.
    case countDiffers(sent: Int, said: Int)
    /// An attempt failed and will be repeated.
    case willRetry(reason: String, ambiguous: Bool, failures: Int, delay: Int64)
    /// A batch was refused and is being cut to find the record.
    case split(records: Int, reason: String)
}

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
        let probed = attempt.isProbe
        attempt.isProbe = false
        attempts[id] = attempt
        switch outcome {
        case .acknowledged(_, let count):
            return answered(id, probed) + succeeded(id, attempt, said: count, now: now)
        case .noEffect:
            attempts[id] = nil
            return answered(id, probed) + [.noEffect(attempt.batch, holdUntil: holdUntil(attempt))]
        case .retry(let after, let throttled, let reason):
            if throttled { throttle() }
            if let after { pushbackUntil = max(pushbackUntil, now + after.milliseconds) }
            return (throttled ? answered(id, probed) : [])
                + retry(id, after: after, ambiguous: false, reason, now: now, using: &generator)
        case .ambiguous(let reason):
            attempts[id]?.ambiguousSince = attempt.ambiguousSince ?? now
            return retry(id, after: nil, ambiguous: true, reason, now: now, using: &generator)
        case .tooLarge(let reason):
            return answered(id, probed) + tooLarge(id, attempt, reason, now: now)
        case .refused(let reason):
            return answered(id, probed) + refused(id, attempt, reason, now: now)
        case .hold(let hold) where hold.kind == .alias:
            return answered(id, probed) + holdLane(id, attempt, hold, now: now)
        case .hold(let hold):
            return holdTarget(hold, now: now)
        }
    }

    private func holdUntil(_ attempt: Attempt) -> Int64? {
        attempt.ambiguousSince.map { $0 + settings.ambiguousHold }
    }

    /// The index itself has answered, so a hold on the target is over.
    private mutating func answered(_ id: AttemptID, _ probed: Bool) -> [DeliveryEffect] {
        guard let over = hold else { return [] }
        hold = nil
        probeDelay = settings.probeInterval
        return [.resumed(over)]
    }

    private mutating func succeeded(
        _ id: AttemptID, _ attempt: Attempt, said: Int?, now: Int64
    ) -> [DeliveryEffect] {
        attempts[id] = nil
        streak.succeeded(attempt.batch.lane)
        if !laneProbes.isEmpty { laneProbes[attempt.batch.lane] = nil }
        grow()
        if bytesBound != nil, boundRaiseAt <= now { raiseBound(now: now) }
        var effects: [DeliveryEffect] = [.delivered(attempt.batch, holdUntil: holdUntil(attempt))]
        if attempt.batch.operation == .upsert, let said, said != attempt.batch.count, !warnedOfCount {
            warnedOfCount = true
            effects.append(.countDiffers(sent: attempt.batch.count, said: said))
        }
        return effects
    }

    private mutating func retry(
        _ id: AttemptID, after: Duration?, ambiguous: Bool, _ reason: String, now: Int64,
        using generator: inout some RandomNumberGenerator
    ) -> [DeliveryEffect] {
        guard var attempt = attempts[id] else { return [] }
        attempt.failures += 1
        let delay = max(
            settings.backoff.delay(failures: attempt.failures, using: &generator), after?.milliseconds ?? 0)
        attempt.notBefore = now + delay
        attempts[id] = attempt
        return [.willRetry(reason: reason, ambiguous: ambiguous, failures: attempt.failures, delay: delay)]
    }

    private mutating func refused(
        _ id: AttemptID, _ attempt: Attempt, _ reason: String, now: Int64
    ) -> [DeliveryEffect] {
        guard attempt.batch.count == 1 else { return split(id, attempt, reason) }
        if streak.refused(attempt.batch.lane, reason) {
            return holdLane(id, attempt, Hold(.refusedAll, reason), now: now)
        }
        attempts[id] = nil
        return [.quarantined(attempt.batch, reason: reason, holdUntil: holdUntil(attempt))]
    }

    private mutating func tooLarge(
        _ id: AttemptID, _ attempt: Attempt, _ reason: String, now: Int64
    ) -> [DeliveryEffect] {
        guard attempt.batch.count > 1 else {
            attempts[id] = nil
            return [.quarantined(attempt.batch, reason: reason, holdUntil: holdUntil(attempt))]
        }
        let size = attempt.batch.bytes
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
            part.ambiguousSince = attempt.ambiguousSince
            _ = add(part)
        }
        return [.split(records: attempt.batch.count, reason: reason)]
    }

    private mutating func holdLane(
        _ id: AttemptID, _ attempt: Attempt, _ hold: Hold, now: Int64
    ) -> [DeliveryEffect] {
        let lane = attempt.batch.lane
        let delay = min(settings.probeIntervalMax, laneProbes[lane].map { $0 * 2 } ?? settings.probeInterval)
        laneProbes[lane] = delay
        let until = now + delay
        let held = DeliveryEffect.heldLane(lane, namespace: attempt.batch.namespace, hold, until: until)
        guard attempt.ambiguousSince == nil else {
            // It may have been applied, so these very bytes must be the next for their keys: they wait here.
            attempts[id]?.notBefore = until
            return [held]
        }
        attempts[id] = nil
        return [.putBack(attempt.batch), held]
    }

    private mutating func holdTarget(_ new: Hold, now: Int64) -> [DeliveryEffect] {
        let isNew = hold?.kind != new.kind
        probeDelay = hold == nil ? settings.probeInterval : min(settings.probeIntervalMax, probeDelay * 2)
        probeAt = now + probeDelay
        hold = new
        return isNew ? [.held(new)] : []
    }

    private mutating func throttle() {
        concurrency = max(1, concurrency / 2)
        successesAtLimit = 0
    }

    private mutating func grow() {
        guard concurrency < settings.requestsInFlightMax else { return }
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

extension Duration {
    /// Whole milliseconds, rounded up.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
