internal import Logging
internal import Synchronization
internal import UpsertCore
internal import UpsertStorage

/// Takes records in from all sources, on a thread of its own: each source in turn, one accept commit at a time, so a huge
/// file delays only its own spool.
actor Intake {
    private let executor = DiskExecutor(label: "upsertd.intake")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private var sources: [any IntakeSource] = []
    private let makeSources: @Sendable () throws -> SourceList
    private let logger: Logger
    private let queueDirectory: String
    private let pulse: Heart.Pulse
    private let longestSleep: Int64
    private let accepted: @Sendable (_ target: String) -> Void
    private let checkRoom: @Sendable () async throws -> Void
    private let pause: IntakePause
    private nonisolated let isStopping = Atomic(false)
    private nonisolated let statuses = Mutex<[String: SourceStatus]>([:])
    private var troubles = IntakeTroubles()

    /// - Parameters:
    ///   - pulse: Shows that the intake turns; sources beat it, too, in turns that take long.
    ///   - makeSources: Opens the sources; called once, on the intake's thread.
    ///   - accepted: Called after each commit.
    ///   - checkRoom: Throws as long as the queue has no room for more; asked before a source that failed for want of it is
    ///     read again.
    init(
        logger: Logger, queueDirectory: String, pulse: Heart.Pulse,
        accepted: @escaping @Sendable (_ target: String) -> Void,
        checkRoom: @escaping @Sendable () async throws -> Void,
        makeSources: @escaping @Sendable () throws -> SourceList
    ) throws {
        self.logger = logger
        self.queueDirectory = queueDirectory
        self.pulse = pulse
        longestSleep = min(Self.longestSleep, pulse.longestSleep.milliseconds)
        self.accepted = accepted
        self.makeSources = makeSources
        self.checkRoom = checkRoom
        pause = try IntakePause()
    }

    /// The state of each source, by name.
    nonisolated var status: [String: SourceStatus] { statuses.withLock { $0 } }

    /// Begins to stop: the commit at hand is finished, nothing new is taken.
    nonisolated func stop() {
        isStopping.store(true, ordering: .relaxed)
        pause.wake()
    }

    /// Opens the sources, so that what cannot work is said before the daemon is ready.
    func open() throws { sources = try makeSources().sources }

    /// Takes records in until ``stop()``.
    ///
    /// - Throws: An error after which the state of the disk is not known, such as a failed fsync.
    func run() async throws {
        defer { pulse.end() }
        while !isStopping.load(ordering: .relaxed) {
            // Here too, since there may be no source.
            pulse.beat()
            var sleep = longestSleep
            for source in sources {
                guard !isStopping.load(ordering: .relaxed) else { break }
                pulse.beat(at: source.name)
                source.listen()
                sleep = min(sleep, try await turn(source))
                publish(source)
            }
            if sleep > 0, !isStopping.load(ordering: .relaxed) {
                pause.sleep(watching: sources.compactMap(\.descriptor), milliseconds: sleep)
            }
        }
        for source in sources { await source.finish() }
    }

    /// Milliseconds after which every source is looked at again, whatever it says: inotify is only a hint.
    private static let longestSleep: Int64 = 5_000

    /// Gives a source its turn; returns milliseconds that it can wait, 0 when there may be more.
    private func turn(_ source: any IntakeSource) async throws -> Int64 {
        let now = WallClock.now()
        let wait = troubles.wait(source.name, now: now)
        guard wait == 0 else { return wait }
        do {
            if troubles[source.name]?.isQueueFull == true { try await checkRoom() }
            let turn = try await source.turn()
            if let over = troubles.worked(source.name, now: now) {
                say(source, isOver: over)
            }
            switch turn {
            case .worked:
                accepted(source.target)
                return 0
            case .idle(let again): return min(Self.longestSleep, again ?? .max)
            }
        } catch {
            if FatalStorageError.isFatal(error) { throw FatalStorageError(error) }
            let (delay, news) = troubles.failed(
                source.name, IntakeTrouble(error, source: source.name, queue: queueDirectory), now: now)
            if let news { say(source, begins: news) }
            return delay
        }
    }

    private func say(_ source: any IntakeSource, begins trouble: IntakeTrouble) {
        if trouble.isLackOfSpace {
            logger.report(
                .diskFull, "disk full: intake waits, delivery goes on, nothing is lost",
                ["place": "\(place(trouble, source))", "reason": "\(trouble.message)"])
        } else {
            logger.report(
                .intakeStopped, "intake stopped, nothing is lost; it is tried again by itself",
                ["source": "\(source.name)", "reason": "\(trouble.message)"])
        }
    }

    private func say(_ source: any IntakeSource, isOver trouble: IntakeTrouble) {
        if trouble.isLackOfSpace {
            logger.report(
                .diskOK, "disk ok: intake goes on",
                ["place": "\(place(trouble, source))", "was": "\(trouble.message)"])
        } else {
            logger.report(.intakeResumed, "intake goes on", ["source": "\(source.name)", "was": "\(trouble.message)"])
        }
    }

    /// Where space is lacking.
    private func place(_ trouble: IntakeTrouble, _ source: any IntakeSource) -> String {
        trouble.isQueueFull ? queueDirectory : source.name
    }

    private func publish(_ source: any IntakeSource) {
        var status = source.status
        if let trouble = troubles[source.name] {
            status.problems.append(
                SourceProblem(
                    path: source.name, reason: "is not read for now: \(trouble.message)", mend: trouble.mend))
        }
        statuses.withLock { $0[source.name] = status }
    }
}

/// The sources of one intake, handed over to its thread.
struct SourceList {
    var sources: [any IntakeSource]
}
