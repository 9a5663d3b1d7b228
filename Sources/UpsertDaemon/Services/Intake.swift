internal import Logging
internal import Synchronization
internal import UpsertStorage

/// Takes records in from all sources, on a thread of its own: each source in turn, one accept commit at a time, so a huge
/// file delays only its own spool.
actor Intake {
    private let executor = DiskExecutor(label: "upsertd.intake")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    private var sources: [any IntakeSource] = []
    private let makeSources: @Sendable () throws -> SourceList
    private let logger: Logger
    private let accepted: @Sendable (_ target: String) -> Void
    private let pause: IntakePause
    private nonisolated let isStopping = Atomic(false)
    private nonisolated let statuses = Mutex<[String: SourceStatus]>([:])
    private var troubles: [String: Trouble] = [:]

    /// A source that failed, and when it is tried again.
    private struct Trouble {
        var message: String
        var failures: Int
        var tryAgainAt: Int64
    }

    /// - Parameters:
    ///   - makeSources: Opens the sources; called once, on the intake's thread.
    ///   - accepted: Called after each commit.
    init(
        logger: Logger, accepted: @escaping @Sendable (_ target: String) -> Void,
        makeSources: @escaping @Sendable () throws -> SourceList
    ) throws {
        self.logger = logger
        self.accepted = accepted
        self.makeSources = makeSources
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
        while !isStopping.load(ordering: .relaxed) {
            var sleep: Int64 = Self.longestSleep
            for source in sources {
                guard !isStopping.load(ordering: .relaxed) else { break }
                source.listen()
                sleep = min(sleep, try await turn(source))
                statuses.withLock { $0[source.name] = source.status }
            }
            if sleep > 0, !isStopping.load(ordering: .relaxed) {
                pause.sleep(watching: sources.compactMap(\.descriptor), milliseconds: sleep)
            }
        }
    }

    /// Milliseconds after which every source is looked at again, whatever it says: inotify is only a hint.
    private static let longestSleep: Int64 = 2_000

    /// Gives a source its turn; returns milliseconds that it can wait, 0 when there may be more.
    private func turn(_ source: any IntakeSource) async throws -> Int64 {
        let now = WallClock.now()
        if let trouble = troubles[source.name], trouble.tryAgainAt > now { return trouble.tryAgainAt - now }
        do {
            let turn = try await source.turn()
            if let trouble = troubles.removeValue(forKey: source.name) {
                logger.notice("intake goes on", metadata: ["source": "\(source.name)", "was": "\(trouble.message)"])
            }
            switch turn {
            case .worked:
                accepted(source.target)
                return 0
            case .idle(let again): return min(Self.longestSleep, again ?? .max)
            }
        } catch {
            return try failed(source, error, now: now)
        }
    }

    private func failed(_ source: any IntakeSource, _ error: any Error, now: Int64) throws -> Int64 {
        if FatalStorageError.isFatal(error) { throw FatalStorageError(error) }
        var trouble = troubles[source.name] ?? Trouble(message: "", failures: 0, tryAgainAt: 0)
        let message = "\(error)"
        if message != trouble.message {
            logger.error(
                "intake stopped, nothing is lost; it is tried again by itself",
                metadata: ["source": "\(source.name)", "reason": "\(message)"])
        }
        trouble.message = message
        trouble.failures += 1
        let delay: Int64 = min(5_000, 100 << Int64(min(trouble.failures, 6)))
        trouble.tryAgainAt = now + delay
        troubles[source.name] = trouble
        return delay
    }
}

/// The sources of one intake, handed over to its thread.
struct SourceList {
    var sources: [any IntakeSource]
}
