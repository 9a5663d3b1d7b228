/// What waits after an answer that was no success, and for how long.
extension TargetDelivery {
    /// Refused for now in the namespace's name: it waits, the others go on.
    mutating func backOffLane(
        _ id: AttemptID, _ attempt: Attempt, after: Duration?, _ reason: String, now: Int64,
        using generator: inout some RandomNumberGenerator
    ) -> [DeliveryEffect] {
        let settings = settings
        let lane = attempt.batch.lane
        let wait = gates.backOff(lane, request: attempt.request, requests: requests, now: now) { failures in
            max(settings.backoff.delay(failures: failures, using: &generator), after?.milliseconds ?? 0)
        }
        let said = DeliveryEffect.willRetry(
            reason: reason, ambiguous: false, failures: wait.failures, delay: wait.delay)
        return putBack(id, attempt, notBefore: now + wait.delay) + [said]
    }

    /// Not applied, and for no reason of the namespace's: the server is away or says "later".
    mutating func backOffTarget(
        _ id: AttemptID, _ attempt: Attempt, after: Duration?, _ reason: String, now: Int64,
        using generator: inout some RandomNumberGenerator
    ) -> [DeliveryEffect] {
        if attempt.request > failedAtRequest {
            failures += 1
            failedAtRequest = requests
        }
        let delay = max(
            settings.backoff.delay(failures: max(1, failures), using: &generator), after?.milliseconds ?? 0)
        backoffUntil = max(backoffUntil, now + delay)
        if hold != nil { probeAt = max(now + probeDelay, backoffUntil) }
        return putBack(id, attempt, notBefore: backoffUntil)
            + [.willRetry(reason: reason, ambiguous: false, failures: failures, delay: backoffUntil - now)]
    }

    /// May have been applied: these very bytes must be the next for their keys, so the batch stays as it is.
    mutating func repeatLater(
        _ id: AttemptID, _ attempt: Attempt, _ reason: String, now: Int64,
        using generator: inout some RandomNumberGenerator
    ) -> [DeliveryEffect] {
        let wasAtMax = isAtUnresolvedMax
        var attempt = attempt
        attempt.ambiguousAt = now
        attempt.failures += 1
        let delay = settings.backoff.delay(failures: attempt.failures, using: &generator)
        attempt.notBefore = now + delay
        attempts[id] = attempt
        if hold != nil { probeAt = now + probeDelay }
        var effects = [
            DeliveryEffect.willRetry(reason: reason, ambiguous: true, failures: attempt.failures, delay: delay)
        ]
        if isAtUnresolvedMax, !wasAtMax { effects.append(.unresolvedAtMax(unresolved)) }
        return effects
    }

    /// Holds a namespace: what was not applied for certain waits in the queue, the rest here.
    mutating func holdLane(
        _ id: AttemptID, _ attempt: Attempt, _ hold: Hold, wasProbe: Bool, now: Int64
    ) -> [DeliveryEffect] {
        let (lane, namespace) = (attempt.batch.lane, attempt.batch.namespace)
        let isNew = gates.hold(
            lane, namespace: namespace, hold, wasProbe: wasProbe, settings: settings, now: now)
        var effects: [DeliveryEffect] = []
        for (id, waiting) in attempts
        where waiting.batch.lane == lane && !waiting.isSending && waiting.ambiguousAt == nil {
            attempts[id] = nil
            effects.append(.putBack(waiting.batch))
        }
        if isNew { effects.append(.heldNamespace(HeldNamespace(namespace: namespace, hold: hold, since: now))) }
        return effects
    }

    mutating func holdTarget(_ id: AttemptID, _ attempt: Attempt, _ new: Hold, now: Int64) -> [DeliveryEffect] {
        let isNew = hold?.kind != new.kind && hold?.kind != .hostChanged
        // Answers to requests that were on the wire together make the next probe later only once.
        if hold == nil {
            probeDelay = settings.probeInterval
            probeAt = now + probeDelay
        } else if requestsInFlight == 0 {
            probeDelay = min(settings.probeIntervalMax, probeDelay * 2)
            probeAt = now + probeDelay
        }
        // What an operator has to decide is not taken over by an answer of the old host.
        if hold?.kind != .hostChanged { hold = new }
        return putBack(id, attempt, notBefore: 0) + (isNew ? [.held(new)] : [])
    }

    /// Gives a batch back to the queue, unless it may have been applied or is a part whose search would begin anew.
    private mutating func putBack(_ id: AttemptID, _ attempt: Attempt, notBefore: Int64) -> [DeliveryEffect] {
        guard attempt.ambiguousAt == nil, attempt.depth == 0 else {
            attempts[id]?.notBefore = notBefore
            return []
        }
        attempts[id] = nil
        return [.putBack(attempt.batch)]
    }
}

extension Duration {
    /// Whole milliseconds, rounded up.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
