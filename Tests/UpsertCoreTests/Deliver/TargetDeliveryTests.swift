import Testing
import UpsertCore
import UpsertTestSupport

/// A batch of `count` records that exists nowhere else.
private func makeBatch(_ count: Int, lane: LaneNumber = 1, firstName: Int = 0) -> Batch {
    var window = Window(indexRecordsMax: 1_000_000)
    window.register(lane: lane, target: "t", namespace: "")
    var directory = ChunkDirectory()
    var payload: [UInt8] = []
    for number in firstName..<firstName + count {
        payload += Array(repeating: 7, count: 1_000)
        directory.append(key: WindowBench.key("r\(number)", lane: lane), end: payload.count, weight: 1_000)
    }
    let chunk = ChunkState(
        sequence: 1, lane: lane, operation: .upsert, encoding: .protobuf, submission: 1, acceptedAt: 0,
        records: count, bytes: payload.count, done: Bitmap(count: count), found: false)
    window.append(chunk, keys: directory.keys, now: 0)
    let content = ChunkContent(directory: directory, payload: payload)
    guard
        case .batch(let batch) = window.take(
            target: "t", rules: TakeRules(now: 0, linger: 0, urgent: true), content: { _, _ in content })
    else { fatalError("a batch of \(count) records") }
    return batch
}

@Suite struct TargetDeliveryTests {
    var generator = TestRandom(seed: 1)
    var delivery = TargetDelivery(settings: DeliverySettings(requestsInFlightMax: 4))

    @Test mutating func `an acknowledged batch is delivered and leaves room`() {
        let id = delivery.begin(makeBatch(3))
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
        let id = delivery.begin(makeBatch(2))
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
        let first = delivery.begin(makeBatch(1))
        let second = delivery.begin(makeBatch(1, firstName: 5))
        let hold = Hold(.unauthorized, "Unauthorized")
        var effects = delivery.finished(first, .hold(hold), now: 0, using: &generator)
        guard case .held = effects.first else { return #expect(Bool(false)) }
        effects = delivery.finished(second, .hold(hold), now: 1, using: &generator)
        #expect(effects.isEmpty)
        guard case .wait(let until?) = delivery.next(now: 2) else { return #expect(Bool(false)) }
        #expect(until > 10_000)
        guard case .send(let probe, _) = delivery.next(now: until) else { return #expect(Bool(false)) }
        #expect(probe == first)
        guard case .wait(nil) = delivery.next(now: until) else { return #expect(Bool(false), "one probe at a time") }
        effects = delivery.finished(probe, .acknowledged(lsn: nil, count: 1), now: until, using: &generator)
        guard case .resumed = effects.first else { return #expect(Bool(false)) }
        #expect(delivery.hold == nil)
    }

    @Test mutating func `a reload probes a held target at once`() {
        let id = delivery.begin(makeBatch(1))
        _ = delivery.finished(id, .hold(Hold(.unauthorized, "no")), now: 0, using: &generator)
        delivery.reconfigure(DeliverySettings(), now: 50)
        guard case .send = delivery.next(now: 50) else { return #expect(Bool(false)) }
    }

    /// Runs a refused batch until only the bad records are left; returns (requests, quarantined, delivered).
    private mutating func bisect(_ count: Int, bad: Set<RecordKey>) -> (requests: Int, bad: [RecordKey], good: Int) {
        var requests = 1
        var found: [RecordKey] = []
        var good = 0
        var open: [(TargetDelivery.AttemptID, Batch)] = []
        let whole = makeBatch(count)
        open.append((delivery.begin(whole), whole))
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
            let id = delivery.begin(makeBatch(1, firstName: number))
            let reason = "Vector dimension \(number) does not match the dimension of the index 1536"
            for effect in delivery.finished(id, .refused(reason: reason), now: 0, using: &generator) {
                switch effect {
                case .quarantined: quarantined += 1
                case .heldLane(let lane, _, let hold, let until):
                    #expect(lane == 1)
                    #expect(hold.kind == .refusedAll)
                    #expect(until > 0)
                    #expect(quarantined == 20)
                    return
                default: break
                }
            }
        }
        #expect(Bool(false), "never held after \(quarantined)")
    }

    @Test mutating func `a too large request is split and the bound lowered, first to two million, then by halves`() {
        let id = delivery.begin(makeBatch(900))
        _ = delivery.finished(id, .tooLarge(reason: "2MB"), now: 0, using: &generator)
        #expect(delivery.bytesBound == 450_000)
        #expect(delivery.limits(.protobuf, .upsert).bytesMax == 450_000)
        guard case .send(let part, let batch) = delivery.next(now: 0) else { return #expect(Bool(false)) }
        #expect(batch.count == 450)
        _ = delivery.finished(part, .acknowledged(lsn: nil, count: 450), now: 3_600_001, using: &generator)
        #expect(delivery.bytesBound == 900_000, "tried upward after an hour")
    }

    @Test mutating func `throttling halves the requests in flight and success brings them back one by one`() {
        let id = delivery.begin(makeBatch(1))
        _ = delivery.finished(
            id, .retry(after: .seconds(3), throttled: true, reason: "429"), now: 0, using: &generator)
        #expect(delivery.concurrency == 2)
        guard case .wait(3_000?) = delivery.next(now: 10) else { return #expect(Bool(false), "pushback is honoured") }
        for number in 0..<10 {
            let id = delivery.begin(makeBatch(1, firstName: 100 + number))
            _ = delivery.finished(id, .acknowledged(lsn: nil, count: 1), now: 4_000, using: &generator)
        }
        #expect(delivery.concurrency == 4)
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
        let id = delivery.begin(makeBatch(2))
        let effects = delivery.finished(id, .hold(Hold(.alias, "alias")), now: 0, using: &generator)
        guard case .putBack(let batch) = effects.first, case .heldLane = effects.last else {
            return #expect(Bool(false), "\(effects)")
        }
        #expect(batch.count == 2)
        #expect(delivery.hold == nil, "the target goes on")
    }
}
