import UpsertCore
import UpsertStorage
import UpsertTestSupport

/// One run: a few keys, a few dozen random actions of the world, then peace, then the reckoning.
///
/// Which actions are likely, how the queue is set up and how large steps of time are differs from run to run, so that each
/// run insists on something ("swarm testing": Groce et al., ISSTA 2012).
final class ModelRun {
    enum Action: CaseIterable {
        case submit, answer, tick, pause, lock, retry, failCommits, restart, crash, reload, maintain
    }

    /// What the server or the network makes of a request.
    enum Answer: CaseIterable {
        case yes, refuse, tooLarge, throttle, unavailable, notSent, appliedUnheard, appliedLate, vanished, alias
    }

    /// What all runs together have done.
    struct Tally: Sendable {
        var runs = 0, actions = 0, crashes = 0, requests = 0, records = 0

        static func += (left: inout Tally, right: Tally) {
            left.runs += right.runs
            left.actions += right.actions
            left.crashes += right.crashes
            left.requests += right.requests
            left.records += right.records
        }
    }

    static let steps = 60

    var random: TestRandom
    let daemon: ModelDaemon
    var server = ModelServer()
    var now: Int64 = 1_000
    var tally = Tally()
    let hold: Int64
    private let keys: Int
    private let stepMax: Int64
    private let actionWeights: [Int]
    private let answerWeights: [Int]
    private var submission: Int64 = 0
    private var number = 0
    private var last: [Submitted] = []
    private var isLocked = false
    private var isFailing = false
    private var isPaused = false

    init(seed: UInt64, directory: String, traced: Bool) async throws {
        var random = TestRandom(seed: seed)
        keys = Int.random(in: 1...7, using: &random)
        hold = [1_000, 10_000, 60_000].randomElement(using: &random)!
        stepMax = [50, 500, 5_000, 30_000].randomElement(using: &random)!
        actionWeights = Action.allCases.map { action in
            let usual = action == .submit || action == .answer ? 8 : 2
            return Int.random(in: 0..<3, using: &random) == 0
                ? usual / 8 : Int.random(in: 0...usual, using: &random) + 1
        }
        answerWeights = Answer.allCases.map { answer in
            answer == .yes
                ? 6 : Int.random(in: 0..<2, using: &random) == 0 ? 0 : Int.random(in: 1...4, using: &random)
        }
        let isTiny = Int.random(in: 0..<4, using: &random) == 0
        let options = Queue.Options(
            directory: directory, indexRecordsMax: isTiny ? Int.random(in: 1...4, using: &random) : 10_000,
            contentBytesMax: Bool.random(using: &random) ? 100_000 : 200, foundHold: hold, reserveBytes: 1 << 20)
        let settings = DeliverySettings(
            requestsInFlightMax: Int.random(in: 1...4, using: &random),
            unresolvedMax: Int.random(in: 1...4, using: &random), ambiguousHold: hold, probeInterval: 500,
            probeIntervalMax: 4_000, backoff: Backoff(base: 50, cap: 1_000))
        daemon = try await ModelDaemon(
            options, settings, recordsMax: Int.random(in: 1...6, using: &random), now: now)
        daemon.mayRefuseWithoutReason = isTiny
        daemon.trace.isKept = traced
        self.random = random
    }

    /// Runs it.
    func run() async throws {
        tally.runs = 1
        for _ in 0..<Self.steps {
            try await advance(by: Int64.random(in: 0...stepMax, using: &random))
            try await act(weighted(Action.allCases, actionWeights))
            tally.actions += 1
            try await daemon.checkTotals()
        }
        try await comeToRest()
    }

    private func weighted<Choice>(_ choices: [Choice], _ weights: [Int]) -> Choice {
        var left = Int.random(in: 0..<weights.reduce(0, +), using: &random)
        for (choice, weight) in zip(choices, weights) {
            if left < weight { return choice }
            left -= weight
        }
        return choices[0]
    }

    func advance(by milliseconds: Int64) async throws {
        now += milliseconds
        try server.advance(to: now, &daemon.reference)
    }

    private func act(_ action: Action) async throws {
        switch action {
        case .submit: try await submit()
        case .answer: return try await answerSome()
        case .tick: break
        case .pause:
            isPaused.toggle()
            // The answer to the operator says whether it is stored; a pause that is not is not carried out.
            do { try await daemon.pause(isPaused) } catch { isPaused.toggle() }
        case .lock:
            isLocked.toggle()
            if !isLocked, Bool.random(using: &random) { daemon.reconfigure(now: now) }
        case .retry: try await decideOnQuarantine()
        case .failCommits:
            isFailing.toggle()
            await daemon.failCommits(isFailing)
        case .restart:
            guard !isFailing else { break }
            let answered = try answers(to: daemon.wire.filter { _ in Bool.random(using: &random) })
            try await daemon.turn(answered, now: now, using: &random)
            await leaveOnTheWire()
            try await daemon.restart(now: now)
        case .crash:
            await leaveOnTheWire()
            tally.crashes += 1
            isFailing = false
            try await daemon.crash(now: now)
        case .reload: daemon.reconfigure(now: now)
        case .maintain:
            do { _ = try await daemon.queue.maintain(now: now) } catch  where isFailing {}
        }
        try await daemon.turn(now: now, using: &random)
    }

    // MARK: Sources

    private func submit() async throws {
        var submissions: [(number: Int64, records: [Submitted])] = []
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            submission += 1
            // Now and then the same file once more; only the numbers by which the oracle tells writes apart are new.
            let isAgain = !last.isEmpty && Int.random(in: 0..<8, using: &random) == 0
            last = isAgain ? last.map { again($0) } : (0..<Int.random(in: 1...5, using: &random)).map { _ in record() }
            submissions.append((submission, last))
        }
        if try await daemon.accept(submissions, now: now) {
            tally.records += submissions.reduce(0) { $0 + $1.records.count }
        }
    }

    private func again(_ record: Submitted) -> Submitted {
        number += 1
        var content = record.content
        if content.fields.removeValue(forKey: "w\(record.number)") != nil { content.fields["w\(number)"] = number }
        return Submitted(key: record.key, kind: record.kind, number: number, content: content)
    }

    private func record() -> Submitted {
        number += 1
        let key = ModelKey(
            namespace: Int.random(in: 0..<3, using: &random) == 0 ? "n" : "",
            id: "k\(Int.random(in: 0..<keys, using: &random))")
        var content = Content(values: nil, fields: ["w\(number)": number])
        if Int.random(in: 0..<20, using: &random) == 0 { content.fields["bad"] = number }
        if Bool.random(using: &random) { content.fields["m"] = number }
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5:
            content.values = number
            return Submitted(key: key, kind: .upsert, number: number, content: content)
        case 5, 6:
            return Submitted(key: key, kind: .delete, number: number, content: Content())
        default:
            if Bool.random(using: &random) { content.values = number }
            return Submitted(key: key, kind: .update, number: number, content: content)
        }
    }

    private func decideOnQuarantine() async throws {
        guard let entry = try await daemon.queue.quarantine().randomElement(using: &random) else { return }
        let choice = Int.random(in: 0..<4, using: &random)
        try await daemon.decide(
            try await daemon.queue.quarantine(number: entry.number), drop: choice == 0, force: choice == 1, now: now)
    }

    // MARK: The server

    private func answerSome() async throws {
        var chosen = daemon.wire.shuffled(using: &random)
        chosen.removeLast(chosen.count - min(chosen.count, Int.random(in: 1...2, using: &random)))
        try await daemon.turn(try answers(to: chosen), now: now, using: &random)
    }

    private func answers(to requests: [ModelDaemon.Request]) throws -> [(
        request: ModelDaemon.Request, outcome: Outcome
    )] {
        try requests.map { request in
            tally.requests += 1
            let outcome = try outcome(of: request, weighted(Answer.allCases, answerWeights))
            daemon.trace.add(now, "answer to \(request.id): \(outcome)")
            return (request, outcome)
        }
    }

    private func outcome(of request: ModelDaemon.Request, _ answer: Answer) throws -> Outcome {
        switch answer {
        case .notSent: return .retry(after: nil, throttled: false, reason: "connection refused")
        case .vanished: return .ambiguous(reason: "connection reset")
        case .appliedUnheard:
            if !isLocked { try server.apply(request.records, &daemon.reference) }
            return .ambiguous(reason: "timed out")
        case .appliedLate:
            if !isLocked { server.applyLater(request.records, at: now + Int64.random(in: 0..<hold, using: &random)) }
            return .ambiguous(reason: "timed out")
        case _ where isLocked: return .hold(Hold(.unauthorized, "Unauthorized"))
        case .yes: return try serve(request)
        case .refuse: return .refused(reason: "no such thing")
        case .tooLarge: return .tooLarge(reason: "message length too large")
        case .throttle:
            let after = Int64.random(in: 0...3_000, using: &random)
            return .retry(after: .milliseconds(after), throttled: true, reason: "Too many requests")
        case .unavailable: return .retry(after: nil, throttled: false, reason: "503")
        case .alias: return .hold(Hold(.alias, "cannot write to an alias"))
        }
    }

    /// What a healthy server answers.
    func serve(_ request: ModelDaemon.Request) throws -> Outcome {
        if let bad = request.records.first(where: \.isBad) {
            // Words differ from record to record, so the namespace is not held.
            let word = "\(bad.tags.max() ?? 0)".utf8.map { Character(UnicodeScalar($0 + 49)) }
            return .refused(reason: "bad field \(String(word))")
        }
        let isMissing = request.records.allSatisfy { $0.kind != .upsert && server.records[$0.key] == nil }
        try server.apply(request.records, &daemon.reference)
        return isMissing ? .noEffect : .acknowledged(lsn: nil, count: request.records.count)
    }

    /// The process ends: what is on the wire may have been applied, may still be, or is lost.
    private func leaveOnTheWire() async {
        for request in daemon.wire {
            let at = now + Int64.random(in: 0..<hold, using: &random)
            if Bool.random(using: &random) { server.applyLater(request.records, at: at) }
        }
    }
}
