import Testing
import UpsertCore
import UpsertTestSupport

@Suite struct TargetDeliveryTests {
    var generator = TestRandom(seed: 1)
    var delivery = TargetDelivery(settings: DeliverySettings(requestsInFlightMax: 4))

    @Test mutating func `an acknowledged batch is delivered and leaves room`() {
        let id = delivery.begin(DeliveryBench.batch(3), now: 0)
        #expect(delivery.requestsInFlight == 1)
        let effects = delivery.finished(id, .acknowledged(lsn: 7, count: 3), now: 5, using: &generator)
        guard case .delivered(let batch, let holdUntil) = effects.first else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(batch.count == 3)
        #expect(holdUntil == nil)
        #expect(delivery.requestsInFlight == 0)
        #expect(delivery.isClean)
    }

    @Test mutating func `an unknown outcome is repeated with the same batch and holds its keys from the first attempt`()
    {
        let id = delivery.begin(DeliveryBench.batch(2), now: 0)
        _ = delivery.finished(id, .ambiguous(reason: "timed out"), now: 1_000, using: &generator)
        #expect(delivery.unresolved == 1)
        #expect(!delivery.isClean)
        guard case .send(let again, let batch) = delivery.next(now: 10_000) else { return #expect(Bool(false)) }
        #expect(again == id)
        #expect(batch.count == 2)
        let effects = delivery.finished(id, .acknowledged(lsn: nil, count: 2), now: 11_000, using: &generator)
        guard case .delivered(_, let holdUntil) = effects.first else { return #expect(Bool(false)) }
        #expect(holdUntil == 61_000 as Int64)
    }

    @Test mutating func `a wrong key holds the target with one message, probes slowly, and resumes`() {
        let first = delivery.begin(DeliveryBench.batch(1), now: 0)
        let second = delivery.begin(DeliveryBench.batch(1, firstName: 5), now: 0)
        let hold = Hold(.unauthorized, "Unauthorized")
        var effects = delivery.finished(first, .hold(hold), now: 0, using: &generator)
        guard case .putBack = effects.first, case .held = effects.last else { return #expect(Bool(false)) }
        effects = delivery.finished(second, .hold(hold), now: 1, using: &generator)
        guard effects.count == 1, case .putBack = effects.first else { return #expect(Bool(false), "said once") }
        guard case .wait(let until?) = delivery.next(now: 2) else { return #expect(Bool(false)) }
        #expect(until > 10_000)
        guard case .take = delivery.next(now: until) else { return #expect(Bool(false)) }
        let probe = delivery.begin(DeliveryBench.batch(1), now: until)
        guard case .wait(nil) = delivery.next(now: until) else { return #expect(Bool(false), "one probe at a time") }
        effects = delivery.finished(probe, .acknowledged(lsn: nil, count: 1), now: until, using: &generator)
        guard case .resumed = effects.first else { return #expect(Bool(false)) }
        #expect(delivery.hold == nil)
    }

    @Test mutating func `a reload probes a held target at once`() {
        let id = delivery.begin(DeliveryBench.batch(1), now: 0)
        _ = delivery.finished(id, .hold(Hold(.unauthorized, "no")), now: 0, using: &generator)
        delivery.reconfigure(DeliverySettings(), now: 50)
        guard case .take = delivery.next(now: 50) else { return #expect(Bool(false)) }
    }

    /// Runs a refused batch until only the bad records are left; returns (requests, quarantined, delivered).
    private mutating func bisect(_ count: Int, bad: Set<RecordKey>) -> (requests: Int, bad: [RecordKey], good: Int) {
        var requests = 1
        var found: [RecordKey] = []
        var good = 0
        var open: [(TargetDelivery.AttemptID, Batch)] = []
        let whole = DeliveryBench.batch(count)
        open.append((delivery.begin(whole, now: 0), whole))
        while let (id, batch) = open.popLast() {
            let hasBad = (0..<batch.count).contains { bad.contains(batch.key($0)) }
            let outcome: Outcome =
                hasBad ? .refused(reason: "bad metadata") : .acknowledged(lsn: nil, count: batch.count)
            for effect in delivery.finished(id, outcome, now: 0, using: &generator) {
                switch effect {
                case .delivered(let batch, _): good += batch.count
                case .quarantined(let batch, let reason, _):
                    #expect(reason == "bad metadata")
                    found.append(batch.key(0))
                default: break
                }
            }
            while case .send(let id, let batch) = delivery.next(now: 0) {
                requests += 1
                open.append((id, batch))
            }
        }
        return (requests, found, good)
    }

    @Test mutating func `one bad record among a thousand is alone after about twice the logarithm of requests`() {
        let bad = WindowBench.key("r617")
        let result = bisect(1_000, bad: [bad])
        #expect(result.bad == [bad])
        #expect(result.good == 999)
        #expect(result.requests <= 1 + 2 * 10)
    }

    @Test(arguments: [2, 3, 19]) mutating func `several bad records are all found and the others delivered`(count: Int)
    {
        var generator = TestRandom.forTest()
        let bad = Set((0..<count).map { _ in WindowBench.key("r\(Int.random(in: 0..<500, using: &generator))") })
        let result = bisect(500, bad: bad)
        #expect(Set(result.bad) == bad)
        #expect(result.good == 500 - bad.count)
    }

    @Test mutating func `a namespace that refuses every record alike is held instead of quarantined whole`() {
        var quarantined = 0
        for number in 0..<30 {
            let id = delivery.begin(DeliveryBench.batch(1, firstName: number), now: 0)
            let reason = "Vector dimension \(number) does not match the dimension of the index 1536"
            for effect in delivery.finished(id, .refused(reason: reason), now: 0, using: &generator) {
                switch effect {
                case .quarantined: quarantined += 1
                case .heldNamespace(let held):
                    #expect(held.hold.kind == .refusedAll)
                    #expect(quarantined == 20)
                    return
                default: break
                }
            }
        }
        #expect(Bool(false), "never held after \(quarantined)")
    }

    @Test mutating func `a too large request is split and the bound lowered, first to two million, then by halves`() {
        let id = delivery.begin(DeliveryBench.batch(900), now: 0)
        _ = delivery.finished(id, .tooLarge(reason: "2MB"), now: 0, using: &generator)
        #expect(delivery.bytesBound == 450_000)
        #expect(delivery.limits(.protobuf, .upsert).bytesMax == 450_000)
        guard case .send(let part, let batch) = delivery.next(now: 0) else { return #expect(Bool(false)) }
        #expect(batch.count == 450)
        _ = delivery.finished(part, .acknowledged(lsn: nil, count: 450), now: 3_600_001, using: &generator)
        #expect(delivery.bytesBound == 900_000, "tried upward after an hour")
    }

    /// Sends full requests for some hours to a server that refuses those above `rule` bytes.
    ///
    /// - Returns: The requests refused, by hour.
    private mutating func deliver(hours: Range<Int64>, rule: Int) -> [Int] {
        hours.map { hour in
            var refused = 0
            for minute in 0..<60 as Range<Int64> {
                let now = (hour * 60 + minute) * 60_000
                // Records of 1,000 bytes.
                let full = DeliveryBench.batch(min(1_000, delivery.limits(.protobuf, .upsert).bytesMax / 1_000))
                var open = [(delivery.begin(full, now: now), full)]
                while let (id, batch) = open.popLast() {
                    let isTooLarge = batch.bytes > rule
                    refused += isTooLarge ? 1 : 0
                    _ = delivery.finished(
                        id, isTooLarge ? .tooLarge(reason: "413") : .acknowledged(lsn: nil, count: batch.count),
                        now: now, using: &generator)
                    while case .send(let id, let part) = delivery.next(now: now) { open.append((id, part)) }
                }
            }
            return refused
        }
    }

    @Test(arguments: [70_000, 100_000, 333_000, 700_000, 999_000])
    mutating func `a hidden bound costs two refused requests an hour at most, and is left when it goes`(
        rule: Int
    ) throws {
        #expect(deliver(hours: 0..<1, rule: rule)[0] < 32)
        for hour in 1..<50 as Range<Int64> {
            #expect(deliver(hours: hour..<hour + 1, rule: rule)[0] <= 2)
            let bound = try #require(delivery.bytesBound)
            #expect(bound * 2 >= rule && bound <= rule * 2, "hour \(hour): \(bound)")
        }
        for hour in 50..<56 as Range<Int64> {
            let before = delivery.bytesBound ?? .max / 2
            #expect(deliver(hours: hour..<hour + 1, rule: .max)[0] == 0)
            // Requests of a minute apart see it grow by one step an hour.
            #expect(delivery.bytesBound ?? 2_080_000 <= before * 2)
        }
        #expect(delivery.bytesBound == nil, "nothing of it is left")
    }

    @Test mutating func `throttling halves the requests in flight and success brings them back one by one`() {
        let id = delivery.begin(DeliveryBench.batch(1), now: 0)
        _ = delivery.finished(
            id, .retry(after: .seconds(3), throttled: true, reason: "429"), now: 0, using: &generator)
        #expect(delivery.concurrency == 1, "half of what was on the wire")
        #expect(delivery.admission(1, .upsert, now: 2_999) == .closed(until: 3_000), "pushback is honoured")
        #expect(delivery.admission(2, .upsert, now: 10) == .open, "other namespaces go on")
        for round in 0..<10 {
            let ids = (0..<delivery.concurrency).map {
                delivery.begin(DeliveryBench.batch(1, firstName: 100 + round * 10 + $0), now: 4_000)
            }
            for id in ids {
                _ = delivery.finished(id, .acknowledged(lsn: nil, count: 1), now: 4_000, using: &generator)
            }
        }
        #expect(delivery.concurrency == 4)
    }

    @Test mutating func `requests that were throttled together halve the concurrency once`() {
        let ids = (0..<4).map { delivery.begin(DeliveryBench.batch(1, lane: LaneNumber($0)), now: 0) }
        for id in ids {
            _ = delivery.finished(id, .retry(after: nil, throttled: true, reason: "429"), now: 0, using: &generator)
        }
        #expect(delivery.concurrency == 2)
    }

    @Test func `waits grow exponentially with full jitter and never pass the cap`() {
        var generator = TestRandom.forTest()
        let backoff = Backoff(base: 100, cap: 5_000)
        for failures in 1...40 {
            let longest: Int64 = min(5_000, 100 << Int64(min(failures - 1, 20)))
            let waits = (0..<300).map { _ in backoff.delay(failures: failures, using: &generator) }
            #expect(waits.allSatisfy { $0 >= 0 && $0 <= longest })
            #expect(waits.max()! > longest / 2)
            #expect(waits.min()! < longest / 2)
        }
    }

    @Test mutating func `an alias answer puts the records back and holds the namespace`() {
        let id = delivery.begin(DeliveryBench.batch(2), now: 0)
        let effects = delivery.finished(id, .hold(Hold(.alias, "alias")), now: 0, using: &generator)
        guard case .putBack(let batch) = effects.first, case .heldNamespace = effects.last else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(batch.count == 2)
        #expect(delivery.hold == nil, "the target goes on")
    }
}
