import CSQLite
import UpsertCore
import UpsertTestSupport

@testable import UpsertSQLite
@testable import UpsertStorage

/// The daemon's core without its sockets: the real queue and the real delivery state machine, driven in the order in which
/// `TargetDeliveryService` drives them, with the clock and the wire in the hands of the test.
final class ModelDaemon {
    /// A request on the wire.
    struct Request {
        let id: TargetDelivery.AttemptID
        let batch: Batch
        let records: [WireRecord]
    }

    static let target = "t"

    let options: Queue.Options
    let settings: DeliverySettings
    /// Records in a request, at most, so that small runs need many requests.
    let recordsMax: Int
    private var current: Queue?
    private(set) var state: TargetDelivery
    private(set) var wire: [Request] = []
    /// What the queue was told and has not stored: lost in a crash, stored with the next commit that succeeds.
    private(set) var unstored: [Settlement] = []
    private var mustFlush = false
    private var waits = ModelWaits()
    /// What was sent of each key last: what is settled is that.
    private var sent: [ModelKey: WireRecord] = [:]
    var reference = Reference()
    /// Submissions accepted so far.
    var submissions: [Int64] = []
    var reader = RecordReader(
        RecordRules(api: .vectors, encoding: .packed, dimension: nil) { _ in Array(repeating: 7, count: 32) })
    /// Whether the queue may ask for force although no newer write was accepted: where it cannot see all that waits.
    var mayRefuseWithoutReason = false
    var trace = ModelTrace()

    init(_ options: Queue.Options, _ settings: DeliverySettings, recordsMax: Int, now: Int64) async throws {
        self.options = options
        self.settings = settings
        self.recordsMax = recordsMax
        current = try Queue(options, now: now)
        state = TargetDelivery(settings: settings)
    }

    var queue: Queue {
        guard let current else { preconditionFailure("the queue is open between calls") }
        return current
    }

    /// Records in requests on the wire and between attempts.
    var isIdle: Bool { wire.isEmpty && state.recordsTaken == 0 && unstored.isEmpty && !mustFlush }

    // MARK: One turn of the service

    /// Takes answers in, stores what they settle in one commit, and sends what may be sent.
    ///
    /// - Returns: Milliseconds to wait before the next turn, unless something happens.
    @discardableResult
    func turn(
        _ answers: [(request: Request, outcome: Outcome)] = [], now: Int64, using generator: inout TestRandom
    ) async throws -> Int64 {
        var settlements: [Settlement] = []
        for answer in answers {
            wire.removeAll { $0.id == answer.request.id }
            waits.answered(answer.request, answer.outcome)
            if case .ambiguous = answer.outcome { gaveUp(answer.request, now: now) }
            for effect in state.finished(answer.request.id, answer.outcome, now: now, using: &generator) {
                if case .willRetry(_, _, _, let delay) = effect {
                    waits.note(answer.request, answer.outcome, until: now + delay)
                }
                await perform(effect, &settlements, now: now)
            }
        }
        try await settle(settlements, now: now)
        return try await send(now: now)
    }

    private func perform(
        _ effect: DeliveryEffect, _ settlements: inout [Settlement], now: Int64
    ) async {
        switch effect {
        case .delivered(let batch, let holdUntil):
            settlements.append(Settlement(batch: batch, result: .delivered, holdUntil: holdUntil))
        case .noEffect(let batch, let holdUntil):
            settlements.append(Settlement(batch: batch, result: .noEffect, holdUntil: holdUntil))
        case .quarantined(let batch, let reason, let holdUntil):
            settlements.append(Settlement(batch: batch, result: .quarantined(reason: reason), holdUntil: holdUntil))
        case .putBack(let batch): await queue.putBack(batch, now: now)
        case .heldNamespace, .resumedNamespace, .held, .resumed, .loweredBound, .countDiffers, .willRetry,
            .unresolvedAtMax, .split:
            break
        }
    }

    private func settle(_ settlements: [Settlement], now: Int64) async throws {
        guard !settlements.isEmpty || mustFlush else { return }
        unstored += settlements
        do {
            try await queue.settle(settlements, now: now)
        } catch {
            trace.add(now, "settling fails")
            mustFlush = true
            return
        }
        mustFlush = false
        try stored(now: now)
    }

    /// Notes that another commit has stored what an earlier one could not.
    func noteStored(now: Int64) async throws {
        if await queue.hasStoredAll { try stored(now: now) }
    }

    /// Tells the reference what is durably settled.
    private func stored(now: Int64) throws {
        for settlement in unstored {
            let isQuarantined = if case .quarantined = settlement.result { true } else { false }
            for record in settlement.batch.wireRecords.map({ sent[$0.key] ?? $0 }) {
                trace.add(now, "settled \(record) \(settlement.result) hold \(settlement.holdUntil ?? 0)")
                if isQuarantined { reference.quarantined += 1 }
                try reference.settled(record, quarantined: isQuarantined)
            }
        }
        unstored = []
    }

    private func send(now: Int64) async throws -> Int64 {
        while true {
            if mustFlush { return 1_000 }
            switch state.next(now: now) {
            case .send(let id, let batch): try start(id, batch, now: now)
            case .wait(let until): return min(5_000, max(1, (until ?? .max) &- now))
            case .take(let retryAt):
                let taken: Take
                do {
                    taken = try await queue.take(target: Self.target, rules: takeRules(now: now))
                } catch {
                    trace.add(now, "taking fails")
                    return 5_000
                }
                switch taken {
                case .batch(let batch): try start(state.begin(batch, now: now), batch, now: now)
                case .wait(let until): return min(5_000, max(1, min(until, retryAt ?? .max) - now))
                case .nothing: return min(5_000, max(1, (retryAt ?? .max) &- now))
                }
            }
        }
    }

    private func takeRules(now: Int64) -> TakeRules {
        let (state, recordsMax) = (state, recordsMax)
        return TakeRules(now: now, linger: 0, urgent: true) {
            var limits = state.limits($0, $1)
            limits.recordsMax = min(limits.recordsMax, recordsMax)
            return limits
        } admission: {
            state.admission($0, $1, now: now)
        }
    }

    private func start(_ id: TargetDelivery.AttemptID, _ batch: Batch, now: Int64) throws {
        let records = batch.wireRecords.map(reference.placed)
        trace.add(now, "sends \(id): \(records)")
        try waits.checkSent(id, batch.lane, isProbe: state.hold != nil, settings.probeInterval, now: now)
        var keys = Set(wire.flatMap { $0.records.map(\.key) })
        for record in records {
            guard keys.insert(record.key).inserted else { throw Violation(.oneInFlight, "\(record)") }
            try reference.checkSent(record, now: now)
            sent[record.key] = record
        }
        wire.append(Request(id: id, batch: batch, records: records))
    }

    private func gaveUp(_ request: Request, now: Int64) {
        for record in request.records {
            reference.gaveUp(record, until: now + settings.ambiguousHold, now: now)
        }
    }

    // MARK: What operators and the world do

    /// Commits fail from now on, or succeed again.
    func failCommits(_ fail: Bool) async { await queue.failCommits(fail) }

    func pause(_ paused: Bool) async throws {
        try await queue.setPaused(paused, target: Self.target)
        state.pause(paused)
    }

    /// Takes the configuration again: what waits because the world was not well is tried at once.
    func reconfigure(now: Int64) {
        state.reconfigure(settings, now: now)
        waits = ModelWaits()
    }

    /// Stops as for SIGTERM, after the answers that were waited for, and starts again.
    func restart(now: Int64) async throws {
        state.stop()
        // What is still on the wire ends as ambiguous when its connection closes.
        for request in wire { gaveUp(request, now: now) }
        let isClean = state.isClean && !mustFlush
        try await queue.close(clean: isClean)
        try stored(now: now)
        trace.add(now, isClean ? "restarts" : "restarts, with answers missing")
        try await reopen(now: now)
    }

    /// Dies, as by kill -9, and starts again.
    func crash(now: Int64) async throws {
        trace.add(now, "crashes")
        for request in wire { gaveUp(request, now: now) }
        unstored = []
        try await reopen(now: now)
    }

    private func reopen(now: Int64) async throws {
        (wire, waits, mustFlush) = ([], ModelWaits(), false)
        current = nil
        // The lock goes with the last reference, which a thread that just ran the old queue may hold a moment longer.
        while current == nil {
            do {
                current = try Queue(options, now: now)
            } catch let error as QueueError where error.code == .inUse {
                await Task.yield()
            }
        }
        state = TargetDelivery(settings: settings)
        state.pause(try await queue.isPaused(target: Self.target))
    }

    // MARK: Checks

    /// Checks that the queue's figures add up and say what was accepted, dropped and quarantined.
    func checkTotals() async throws {
        let status = try await queue.status()
        let totals = status.totals
        let quarantined =
            reference.quarantined + unstored.count { if case .quarantined = $0.result { true } else { false } }
        let left =
            totals.deliveredRecords + totals.coalescedRecords + totals.noEffectRecords + totals.droppedRecords
            + status.quarantinedCurrent + status.queuedRecords
        guard totals.acceptedRecords == left, totals.acceptedRecords == reference.accepted,
            totals.droppedRecords == reference.dropped, status.quarantinedCurrent == quarantined
        else {
            throw Violation(
                .totals,
                "\(status); accepted \(reference.accepted), dropped \(reference.dropped), quarantined \(quarantined)")
        }
    }
}

extension Queue {
    /// Whether nothing that was settled is still to be stored.
    var hasStoredAll: Bool { unsettled.isEmpty }

    /// Lets every commit fail at its very end, or succeed again.
    func failCommits(_ fail: Bool) {
        sqlite3_commit_hook(connection.handle, fail ? { _ in 1 } : nil, nil)
    }
}
