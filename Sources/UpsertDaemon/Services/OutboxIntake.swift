internal import Logging
internal import UpsertCore
internal import UpsertStorage

/// Takes rows of an outbox into the queue, in order of seq, and deletes them once they are accepted.
final class OutboxIntake: IntakeSource {
    let name: String
    let target: String
    private(set) var status = SourceStatus()
    private let queue: Queue
    private let logger: Logger
    private let rules: @Sendable () -> RecordRules
    private let sequences: SequenceBlock
    private var builder: AcceptBuilder
    private var source: OutboxSource?
    /// The last run that the queue accepted, until its rows are deleted; nothing is read before that.
    private var undeleted: OutboxRun?
    private var hasMore = true
    private var saidProblem: String?
    /// What the current run refused: the first row, and how many.
    private var refused: (seq: Int64, reason: String, count: Int)?

    private let doorbell: OutboxDoorbell
    /// Milliseconds until the database's change counter is looked at again: soon after it rang, then ever later.
    private var pollInterval: Int64 = 0

    private static let pollAfterRing: Int64 = 10
    private static let pollWatched: Int64 = 5_000
    /// Where nothing rings.
    private static let pollUnwatched: Int64 = 250
    /// Rows of one commit; a run's keys are stored with it.
    private static let rowsMax = 5_000

    init(
        path: String, target: String, queue: Queue, rules: @escaping @Sendable () -> RecordRules, logger: Logger
    ) {
        name = path
        self.target = target
        self.queue = queue
        self.rules = rules
        var logger = logger
        logger[metadataKey: "outbox"] = "\(path)"
        self.logger = logger
        sequences = SequenceBlock(queue: queue)
        doorbell = OutboxDoorbell(path: path)
        builder = AcceptBuilder(queue: queue, target: target)
    }

    var descriptor: Int32? { doorbell.descriptor }

    func listen() {
        if doorbell.rang() { pollInterval = Self.pollAfterRing }
    }

    func finish() async {}

    /// Waits for the doorbell, or for the next look.
    private func idle() -> SourceTurn {
        doorbell.watch()
        guard doorbell.descriptor != nil else { return .idle(lookAgainAfter: Self.pollUnwatched) }
        defer { pollInterval = min(2 * pollInterval, Self.pollWatched) }
        pollInterval = max(pollInterval, Self.pollAfterRing)
        return .idle(lookAgainAfter: pollInterval)
    }

    func turn() async throws -> SourceTurn {
        do {
            let source = try await open()
            try deleteAccepted(source)
            guard try source.changed() || hasMore else { return idle() }
            hasMore = true
            let rows = try source.read(limit: Self.rowsMax, bytes: AcceptLimits.bytesMax)
            let (count, more) = (rows.rows.count, rows.hasMore)
            status.waiting = count
            if count > 0 { try await accept(rows) }
            source.reuse(rows)
            try deleteAccepted(source)
            hasMore = more
            status.waiting = 0
            resolved()
            if count > 0 { return .worked }
            source.rest()
            return idle()
        } catch let error as OutboxError {
            // The application's database is not ours to mend: say so once and look again.
            source = nil
            hasMore = true
            trouble(error)
            return .idle(lookAgainAfter: 2_000)
        }
    }

    private func open() async throws -> OutboxSource {
        if let source { return source }
        let opened = try OutboxSource(path: name)
        let stored = try await queue.outboxRun(name)
        undeleted = stored.flatMap { OutboxRun(identity: $0.identity, encodedKeys: $0.rows) }
        source = opened
        return opened
    }

    /// Removes the rows of the last run, which the queue holds durably; whatever is left in the table is new.
    private func deleteAccepted(_ source: OutboxSource) throws {
        guard let run = undeleted else { return }
        try source.delete(run)
        undeleted = nil
    }

    private func accept(_ rows: OutboxRows) async throws {
        let (run, fresh) = (rows.run, rows.rows)
        try await sequences.reserve(1)
        let submission = try sequences.next()
        builder.reset()
        refused = nil
        let clock = ThreadClock()
        var reader = RecordReader(rules())
        let encoding = rules().encoding
        for row in fresh {
            do throws(Rejection) {
                let (operation, namespace) = try read(row, of: rows, &reader)
                let lane = await builder.lane(operation.namespace ?? namespace ?? "")
                try builder.acceptance.transaction.add(
                    operation, encoded: reader.encoded, id: reader.id, encoding: encoding, lane: lane,
                    submission: submission, origin: .init(line: Int(clamping: row.key.seq), offset: 0))
            } catch {
                await refuse(row, of: rows, error, submission)
            }
        }
        status.decode += StageTotals(
            records: fresh.count, bytes: fresh.reduce(0) { $0 + $1.recordBytes }, cpuNanoseconds: clock.elapsed)
        let range = "\(fresh.first?.key.seq ?? 0)-\(fresh.last?.key.seq ?? 0)"
        builder.acceptance.submissions = [
            SubmissionProgress(number: submission, source: name, name: range, rejected: 0, complete: true)
        ]
        builder.acceptance.outboxRun = OutboxRunProgress(
            outbox: name, identity: run.identity, rows: run.encodedKeys)
        try await commit(fresh, rows, submission)
        sayRefused()
        undeleted = run
        builder.reset()
    }

    private func read(
        _ row: OutboxRow, of rows: OutboxRows, _ reader: inout RecordReader
    ) throws(Rejection) -> (ReadOperation, namespace: String?) {
        let request = try row.request()
        let result: ReadResult =
            switch request.content {
            case .deletion(let id): reader.delete(id: id)
            case .record(let columns): unsafe rows.withRecord(of: row) { unsafe reader.read($0, columns: columns) }
            }
        switch result {
        case .operation(let operation): return (operation, request.namespace)
        case .rejected(let rejection): throw rejection
        case .blank: throw Rejection(.malformed, at: "/record", "the record is empty")
        }
    }

    private func commit(_ fresh: [OutboxRow], _ rows: OutboxRows, _ submission: Int64) async throws {
        while case .refused(let updates) = try await queue.accept(builder.acceptance, now: WallClock.now()) {
            for update in updates {
                builder.acceptance.transaction.refuse(update.place)
                guard let row = fresh.first(where: { Int(clamping: $0.key.seq) == update.origin.line }) else {
                    continue
                }
                await refuse(row, of: rows, update.rejection, submission)
            }
        }
    }

    /// A row that cannot be read goes to quarantine as it was submitted, in the commit that lets it go.
    private func refuse(_ row: OutboxRow, of rows: OutboxRows, _ rejection: Rejection, _ submission: Int64) async {
        let lane = await builder.lane(String(decoding: row.namespace.prefix(512), as: UTF8.self))
        let data = unsafe rows.withRecord(of: row) { unsafe Array($0) }
        let id = rejection.id ?? row.id.map { String(decoding: $0.prefix(512), as: UTF8.self) } ?? ""
        let pointer = rejection.pointer.isEmpty ? "" : " at \(rejection.pointer)"
        builder.acceptance.refusedRows.append(
            RefusedRow(
                lane: lane, submission: submission, id: id,
                reason: "outbox row \(row.key.seq)\(pointer): \(rejection.reason)", data: data))
        if refused == nil { refused = (row.key.seq, rejection.reason, 0) }
        refused?.count += 1
    }

    /// Says what a run refused, in one message however many they are.
    private func sayRefused() {
        guard let refused else { return }
        logger.report(
            .rowsRefused, "outbox rows refused, see upsertctl quarantine list",
            ["refused": "\(refused.count)", "seq": "\(refused.seq)", "reason": "\(refused.reason)"])
        self.refused = nil
    }

    private func trouble(_ error: OutboxError) {
        let message = "\(error)"
        guard message != saidProblem else { return }
        saidProblem = message
        status.problems = [SourceProblem(path: name, reason: error.reason, mend: message)]
        logger.report(
            .outboxUnreadable, "outbox cannot be read; it is tried again by itself", ["reason": "\(message)"])
    }

    private func resolved() {
        guard saidProblem != nil else { return }
        saidProblem = nil
        status.problems = []
        logger.report(.outboxReadable, "outbox can be read again")
    }
}
