import Testing
import UpsertCore
import UpsertTestSupport

/// What waits after a failure, for how long, and what goes on meanwhile.
@Suite struct TargetWaitingTests {
    var generator = TestRandom(seed: 3)
    var delivery = TargetDelivery(settings: DeliverySettings(requestsInFlightMax: 4, unresolvedMax: 6))

    private mutating func begin(_ count: Int, lane: LaneNumber = 1, firstName: Int = 0, at now: Int64 = 0)
        -> TargetDelivery.AttemptID
    {
        delivery.begin(DeliveryBench.batch(count, lane: lane, firstName: firstName), now: now)
    }

    @Test mutating func `what was not sent goes back to the queue and the whole target waits`() {
        let id = begin(3)
        let effects = delivery.finished(
            id, .retry(after: .seconds(2), throttled: false, reason: "closed port"), now: 10, using: &generator)
        guard case .putBack(let batch) = effects.first else { return #expect(Bool(false), "\(effects)") }
        #expect(batch.count == 3)
        #expect(delivery.recordsTaken == 0)
        guard case .wait(let until?) = delivery.next(now: 11) else { return #expect(Bool(false)) }
        #expect(until >= 2_010)
        guard case .take = delivery.next(now: until) else { return #expect(Bool(false)) }
    }

    @Test mutating func `requests that failed together count as one failure`() {
        for _ in 0..<3 {
            let ids = (0..<4).map { begin(1, firstName: $0) }
            for id in ids {
                let outcome = Outcome.retry(after: nil, throttled: false, reason: "closed port")
                for effect in delivery.finished(id, outcome, now: 0, using: &generator) {
                    if case .willRetry(_, _, let failures, _) = effect { #expect(failures <= 3) }
                }
            }
        }
    }

    @Test mutating func `a held target that goes away is not probed without a pause`() {
        let id = begin(1)
        _ = delivery.finished(id, .hold(Hold(.unauthorized, "no")), now: 0, using: &generator)
        var now: Int64 = 0
        var probes = 0
        while now < 600_000 {
            switch delivery.next(now: now) {
            case .wait(let until?): now = until
            case .take:
                probes += 1
                let probe = begin(1, at: now)
                let outcome: Outcome =
                    probes % 2 == 0
                    ? .retry(after: nil, throttled: false, reason: "closed port") : .ambiguous(reason: "timed out")
                _ = delivery.finished(probe, outcome, now: now, using: &generator)
            case .send(let probe, _):
                probes += 1
                _ = delivery.finished(probe, .ambiguous(reason: "timed out"), now: now, using: &generator)
            default: return #expect(Bool(false))
            }
        }
        #expect(probes <= 600_000 / 15_000 + 1)
    }

    @Test mutating func `a throttled namespace waits and the others go on`() {
        let id = begin(1, lane: 7)
        _ = delivery.finished(
            id, .retry(after: .seconds(5), throttled: true, reason: "429"), now: 0, using: &generator)
        #expect(delivery.admission(7, .upsert, now: 4_999) != .open)
        #expect(delivery.admission(7, .upsert, now: 60_000) == .open)
        #expect(delivery.admission(8, .upsert, now: 1) == .open)
        guard case .take = delivery.next(now: 1) else { return #expect(Bool(false)) }
    }

    @Test mutating func `a wait that the server asked for outlives another request's success`() {
        let throttled = begin(1, lane: 7)
        let fine = begin(1, lane: 7, firstName: 5)
        _ = delivery.finished(
            throttled, .retry(after: .seconds(5), throttled: true, reason: "429"), now: 0, using: &generator)
        _ = delivery.finished(fine, .acknowledged(lsn: nil, count: 1), now: 1, using: &generator)
        guard case .closed(let until) = delivery.admission(7, .upsert, now: 2) else { return #expect(Bool(false)) }
        #expect(until >= 5_000)
    }

    @Test mutating func `at the bound of unknown outcomes nothing new is sent, and that is said once`() {
        var said = 0
        var now: Int64 = 0
        for number in 0..<6 {
            guard case .take = delivery.next(now: now) else { return #expect(Bool(false), "\(number)") }
            let id = begin(1, lane: LaneNumber(number), at: now)
            for effect in delivery.finished(id, .ambiguous(reason: "timed out"), now: now, using: &generator) {
                if case .unresolvedAtMax(6) = effect { said += 1 }
            }
        }
        #expect(delivery.isAtUnresolvedMax)
        // Only repeats go out, and each that fails again says nothing new.
        for _ in 0..<50 {
            switch delivery.next(now: now) {
            case .take: return #expect(Bool(false), "something new was asked for")
            case .wait(let until): now = until ?? now + 1
            case .send(let id, _):
                for effect in delivery.finished(id, .ambiguous(reason: "timed out"), now: now, using: &generator) {
                    if case .unresolvedAtMax = effect { said += 1 }
                }
            }
        }
        #expect(said == 1)
    }

    @Test mutating func `when most attempts fail requests go one at a time, whatever the concurrency allows`() {
        // Failures of the target, since those of a namespace lower the concurrency as well.
        var now: Int64 = 0
        for number in 0..<50 {
            #expect(delivery.retryBudget > 0.5)
            let id = begin(1, lane: LaneNumber(number), at: now)
            _ = delivery.finished(
                id, .retry(after: nil, throttled: false, reason: "closed port"), now: now, using: &generator)
            if case .wait(let until?) = delivery.next(now: now) { now = until }
        }
        #expect(delivery.retryBudget == 0.5 && delivery.concurrency == 4)
        guard case .take = delivery.next(now: now) else { return #expect(Bool(false)) }
        let only = begin(1, lane: 99, at: now)
        guard case .wait(nil) = delivery.next(now: now) else { return #expect(Bool(false), "one at a time") }
        _ = delivery.finished(only, .acknowledged(lsn: nil, count: 1), now: now, using: &generator)
        #expect(delivery.retryBudget > 0.5)
        for number in 0..<4 {
            guard case .take = delivery.next(now: now) else { return #expect(Bool(false), "four again") }
            _ = begin(1, lane: LaneNumber(number), at: now)
        }
    }

    @Test mutating func `a held namespace is probed with one record at a growing distance and resumes`() {
        let id = begin(2)
        _ = delivery.finished(id, .hold(Hold(.alias, "alias")), now: 0, using: &generator)
        #expect(delivery.heldNamespaces.count == 1)
        var now: Int64 = 0
        var waits: [Int64] = []
        for _ in 0..<6 {
            guard case .closed(let until) = delivery.admission(1, .upsert, now: now) else {
                return #expect(Bool(false))
            }
            waits.append(until - now)
            now = until
            #expect(delivery.admission(1, .upsert, now: now) == .probe)
            let probe = begin(1, at: now)
            #expect(delivery.admission(1, .upsert, now: now) == .closed(until: .max), "one probe at a time")
            let effects = delivery.finished(probe, .hold(Hold(.alias, "alias")), now: now, using: &generator)
            #expect(!effects.contains { if case .heldNamespace = $0 { true } else { false } }, "said once")
        }
        #expect(waits == [15_000, 30_000, 60_000, 120_000, 240_000, 300_000])
        guard case .closed(let until) = delivery.admission(1, .upsert, now: now) else { return #expect(Bool(false)) }
        let probe = begin(1, at: until)
        let effects = delivery.finished(probe, .acknowledged(lsn: nil, count: 1), now: until, using: &generator)
        #expect(effects.contains { if case .resumedNamespace = $0 { true } else { false } })
        #expect(delivery.admission(1, .upsert, now: until) == .open)
    }

    @Test mutating func `a hold of a namespace puts back the parts that a search had open`() {
        let id = begin(64)
        _ = delivery.finished(id, .refused(reason: "bad"), now: 0, using: &generator)
        guard case .send(let part, _) = delivery.next(now: 0) else { return #expect(Bool(false)) }
        let effects = delivery.finished(part, .hold(Hold(.alias, "alias")), now: 0, using: &generator)
        let records = effects.reduce(0) { if case .putBack(let batch) = $1 { $0 + batch.count } else { $0 } }
        #expect(records == 64)
        #expect(delivery.recordsTaken == 0)
    }

    @Test mutating func `the hold of a key counts from the last attempt whose outcome is not known`() {
        let id = begin(1)
        _ = delivery.finished(id, .ambiguous(reason: "timed out"), now: 1_000, using: &generator)
        guard case .send = delivery.next(now: 50_000) else { return #expect(Bool(false)) }
        _ = delivery.finished(id, .ambiguous(reason: "timed out"), now: 55_000, using: &generator)
        guard case .send = delivery.next(now: 100_000) else { return #expect(Bool(false)) }
        let effects = delivery.finished(id, .acknowledged(lsn: nil, count: 1), now: 101_000, using: &generator)
        guard case .delivered(_, let holdUntil) = effects.first else { return #expect(Bool(false)) }
        #expect(holdUntil == 115_000 as Int64)
    }

    @Test mutating func `a namespace over its rate waits and its repeats wait with it`() {
        delivery = TargetDelivery(settings: DeliverySettings(governor: .published))
        var now: Int64 = 1_000_000
        var sent = 0
        while sent < 1_000, delivery.admission(1, .update, now: now) == .open {
            let batch = DeliveryBench.batch(1, firstName: sent)
            let id = delivery.begin(
                DeliveryBench.batch(1, operation: .update, firstName: sent), now: now)
            _ = delivery.finished(id, .acknowledged(lsn: nil, count: nil), now: now, using: &generator)
            sent += batch.count
        }
        #expect((100...101).contains(sent))
        guard case .closed(let until) = delivery.admission(1, .update, now: now) else { return #expect(Bool(false)) }
        #expect(until - now <= 20)
        now = until
        #expect(delivery.admission(1, .update, now: now) == .open)
    }

    @Test mutating func `a probe of several records that is refused does not end the probing`() {
        let unknown = begin(2)
        _ = delivery.finished(unknown, .ambiguous(reason: "timed out"), now: 0, using: &generator)
        let other = begin(1, firstName: 9, at: 1)
        _ = delivery.finished(other, .hold(Hold(.alias, "alias")), now: 1, using: &generator)
        // The batch whose outcome is not known must be the next for its keys, so it is the probe; then its parts are.
        var now: Int64 = 1
        var delivered = 0
        for _ in 0..<20 where delivered < 2 {
            switch delivery.next(now: now) {
            case .send(let id, let batch):
                let outcome: Outcome =
                    batch.count == 2 ? .refused(reason: "bad") : .acknowledged(lsn: nil, count: batch.count)
                for effect in delivery.finished(id, outcome, now: now, using: &generator) {
                    if case .delivered(let batch, _) = effect { delivered += batch.count }
                }
            case .wait(let until), .take(let until): now = max(now + 1, until ?? now)
            }
        }
        #expect(delivered == 2)
        #expect(delivery.heldNamespaces.isEmpty)
    }

    @Test(arguments: [Outcome.refused(reason: "bad"), .tooLarge(reason: "too large")])
    mutating func `a held namespace whose probe goes to quarantine is probed again`(outcome: Outcome) {
        let id = begin(1)
        _ = delivery.finished(id, .hold(Hold(.alias, "alias")), now: 0, using: &generator)
        guard case .closed(let until) = delivery.admission(1, .upsert, now: 0) else { return #expect(Bool(false)) }
        #expect(delivery.admission(1, .upsert, now: until) == .probe)
        let probe = begin(1, firstName: 1, at: until)
        let effects = delivery.finished(probe, outcome, now: until, using: &generator)
        #expect(effects.contains { if case .quarantined = $0 { true } else { false } })
        guard case .closed(let again) = delivery.admission(1, .upsert, now: until) else { return #expect(Bool(false)) }
        #expect(again < .max)
        #expect(delivery.admission(1, .upsert, now: again) == .probe)
    }

    @Test mutating func `throttled, successful and throttled again among requests sent together counts one failure`() {
        let ids = (0..<3).map { begin(1, firstName: $0) }
        let throttled = Outcome.retry(after: nil, throttled: true, reason: "429")
        _ = delivery.finished(ids[0], throttled, now: 0, using: &generator)
        _ = delivery.finished(ids[1], .acknowledged(lsn: nil, count: 1), now: 0, using: &generator)
        let effects = delivery.finished(ids[2], throttled, now: 0, using: &generator)
        guard case .willRetry(_, false, 1, _) = effects.last else { return #expect(Bool(false), "\(effects)") }
    }
}
