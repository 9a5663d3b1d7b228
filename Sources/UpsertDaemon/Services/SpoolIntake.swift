internal import Logging
internal import UpsertCore
internal import UpsertStorage

/// Takes dropped files into the queue: claims them, reads them, accepts their records, and lets them go.
///
/// One turn is one accept commit of one spool, over as many small files as fit or over a part of a large one. Whatever fails
/// is thrown away in memory and read again from the last commit, as after a crash.
final class SpoolIntake: IntakeSource {
    let settings: SpoolSettings
    let spool: Spool
    let queue: Queue
    let logger: Logger
    /// Beats with every step, since a turn may take long: a huge file, a slow disk, a million names.
    let pulse: Heart.Pulse
    let sequences: SequenceBlock
    let rules: @Sendable () -> RecordRules
    var builder: AcceptBuilder
    var recordReader: RecordReader
    var knownDimension: Int?
    var encoding: Encoding
    let lines: ClaimReader
    /// The lane of the record before, nearly always the next one's too.
    var lastLane: (namespace: String, number: LaneNumber)?
    /// The `.json` file being read.
    var body: BodyReading?
    /// The claim that `lines` is reading.
    var readingSequence: Int64?
    /// Claimed files in order, the first of which is being read.
    var claims: [PendingClaim] = []
    /// Submissions whose files are durably gone; their rows go with the next commit.
    var forget: [Int64] = []
    /// The commit that is being made while the next one is gathered.
    var commitInFlight: CommitInFlight?
    /// Whether something failed, so that state must be read back before going on.
    var mustRecover = true
    /// Whether what an earlier process left behind has been read.
    private var hasStarted = false
    private(set) var status = SourceStatus()
    private let doorbell: SpoolDoorbell
    private var saidFallback: String?
    private var saidProblems: Set<String> = []

    init(
        _ settings: SpoolSettings, queue: Queue, rules: @escaping @Sendable () -> RecordRules, pulse: Heart.Pulse,
        logger: Logger
    ) throws {
        self.settings = settings
        self.queue = queue
        self.rules = rules
        self.pulse = pulse
        var logger = logger
        logger[metadataKey: "spool"] = "\(settings.directory)"
        self.logger = logger
        let sequences = SequenceBlock(queue: queue)
        self.sequences = sequences
        var options = Spool.Options(directory: settings.directory)
        options.settle = .milliseconds(settings.settle)
        options.keepsDone = settings.keepsDone
        options.fileBytesMax = settings.fileBytesMax
        options.step = { pulse.beat() }
        spool = try Spool(options) { try sequences.next() }
        doorbell = SpoolDoorbell(spool)
        lines = ClaimReader(lineBytesMax: settings.lineBytesMax) { pulse.beat() }
        builder = AcceptBuilder(queue: queue, target: settings.target)
        let rules = rules()
        recordReader = RecordReader(rules)
        encoding = rules.encoding
        knownDimension = rules.dimension
    }

    var name: String { settings.directory }
    var target: String { settings.target }
    var descriptor: Int32? { doorbell.descriptor }

    func listen() {
        spool.note(doorbell.readEvents())
        status.isWatching = doorbell.fallback == nil
        guard let fallback = doorbell.fallback, fallback != saidFallback else { return }
        saidFallback = fallback
        logger.report(.spoolPolled, "changes are found by looking every 2 s", ["reason": "\(fallback)"])
    }

    func turn() async throws -> SourceTurn {
        if mustRecover { try await recover() }
        adoptRules()
        if claims.isEmpty, let idle = try await claimReady() { return idle }
        do {
            return try await acceptNext() ? .worked : .idle(lookAgainAfter: 200)
        } catch {
            mustRecover = true
            throw error
        }
    }

    func finish() async {
        do {
            try await finishCommit()
        } catch {
            logger.error(
                "the last commit failed; it is read again after the next start", metadata: ["reason": "\(error)"])
        }
    }

    /// Reads back what is claimed, and how far it was accepted.
    private func recover() async throws {
        await abandonCommit()
        lines.close()
        readingSequence = nil
        body = nil
        builder.reset()
        let (found, problems) = try spool.recover()
        let rows = Dictionary(
            uniqueKeysWithValues: try await queue.claims(spool: settings.directory).map { ($0.submission, $0) })
        if let last = found.last { try await queue.skipSequences(through: last.sequence) }
        claims = []
        for file in found {
            pulse.beat()
            let row = rows[file.sequence]
            let errors = try ErrorsFile(
                resuming: file, in: spool, submission: file.sequence, name: row?.errorsFile,
                length: row?.errorsLength ?? 0)
            claims.append(PendingClaim(file: file, spool: settings.directory, row: row, errors: errors))
        }
        let present = Set(found.map(\.sequence))
        try await queue.forgetClaims(rows.keys.filter { !present.contains($0) })
        forget = []
        note(problems)
        mustRecover = false
        // After a failure this is done again and again; that intake waits is said by then.
        if !claims.isEmpty, !hasStarted {
            logger.info("resuming claimed files", metadata: ["files": "\(claims.count)"])
        }
        hasStarted = true
        status.claimed = claims.count
    }

    /// Milliseconds until the directories are looked at again where the kernel does not tell of changes.
    private static let lookUnwatched: Int64 = 2_000

    /// Claims complete files; returns what to wait for when there are none.
    private func claimReady() async throws -> SourceTurn? {
        var scan = try spool.look()
        // A file may have landed in a new directory before it was watched.
        if doorbell.watch(scan.directories) { scan = try spool.scan() }
        note(scan.problems)
        status.waiting = scan.ready.count + scan.waitingCount
        guard !scan.ready.isEmpty else {
            let look = doorbell.fallback == nil ? Int64.max : Self.lookUnwatched
            return .idle(lookAgainAfter: min(look, scan.lookAgainAfter.map { max(1, $0.milliseconds) } ?? .max))
        }
        let group = scan.ready.prefix(AcceptLimits.filesMax)
        try await sequences.reserve(group.count)
        let outcome = try spool.claim(group)
        for file in outcome.claimed {
            let errors = ErrorsFile(for: file, in: spool, submission: file.sequence)
            claims.append(PendingClaim(file: file, spool: settings.directory, row: nil, errors: errors))
        }
        note(outcome.problems)
        status.claimed = claims.count
        if let failure = outcome.failure, claims.isEmpty { throw failure }
        return claims.isEmpty ? .idle(lookAgainAfter: 100) : nil
    }

    private func adoptRules() {
        let current = rules()
        guard current.dimension != knownDimension || current.encoding != encoding else { return }
        encoding = current.encoding
        knownDimension = current.dimension
        recordReader = RecordReader(current)
    }

    /// Says each problem once, and again when it comes back.
    private func note(_ problems: [SpoolProblem]) {
        let lines = Set(problems.map(\.description))
        for problem in problems where !saidProblems.contains(problem.description) {
            logger.report(
                .fileLeftAlone, "left alone: \(problem.path) \(problem.reason)",
                ["file": "\(problem.path)", "reason": "\(problem.reason)", "mend": "\(problem.command)"])
        }
        saidProblems = lines
        status.problems = problems.map(SourceProblem.init)
    }

    /// Adds to what was decoded, for status.
    func noteDecoded(_ stage: StageTotals) { status.decode += stage }

    /// Notes how many claims are left, for status.
    func updateStatus() { status.claimed = claims.count }
}

/// How one spool is read.
package struct SpoolSettings: Sendable, Equatable {
    package var directory: String
    package var target: String
    /// For files directly in `incoming/` whose records name none.
    package var namespace: String
    /// Milliseconds for which a file must be unchanged to count as complete.
    package var settle: Int64
    package var fileBytesMax: Int
    package var lineBytesMax: Int
    package var keepsDone: Bool

    package init(
        directory: String, target: String, namespace: String = "", settle: Int64 = 2_000, fileBytesMax: Int = 1 << 40,
        lineBytesMax: Int = 32 << 20, keepsDone: Bool = false
    ) {
        self.directory = directory
        self.target = target
        self.namespace = namespace
        self.settle = settle
        self.fileBytesMax = fileBytesMax
        self.lineBytesMax = lineBytesMax
        self.keepsDone = keepsDone
    }
}
