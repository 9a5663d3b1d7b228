internal import Logging
internal import NIOCore
internal import Synchronization
internal import UpsertCore
internal import UpsertStorage

/// What the services of one run share.
final class RunningDaemon: Sendable {
    let queue: Queue
    let targets: [TargetRuntime]
    let startedAt: Int64
    /// Where a damaged queue was set aside at this start; nil where none was.
    let setAside: String?
    /// Where all requests are sent from.
    let eventLoop: any EventLoop
    let logger: Logger
    let configurationPath: String?
    /// Rung when records were accepted and when the phase changes, for what sleeps while nothing happens.
    let activity: Mailbox<Never>
    /// Lets one reload through at a time.
    let reloading = Turnstile()
    private let state: Mutex<State>

    private struct State {
        var configuration: DaemonConfiguration
        var intake: Intake?
        var phase = StatusReport.State.starting
        var rate = DeliveryRate()
    }

    init(
        configuration: DaemonConfiguration, configurationPath: String?, queue: Queue, targets: [TargetRuntime],
        startedAt: Int64, eventLoop: any EventLoop, setAside: String? = nil, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.queue = queue
        self.targets = targets
        self.startedAt = startedAt
        self.setAside = setAside
        self.logger = logger
        self.configurationPath = configurationPath
        activity = Mailbox(timers: eventLoop)
        state = Mutex(State(configuration: configuration))
    }

    var configuration: DaemonConfiguration {
        get { state.withLock { $0.configuration } }
        set { state.withLock { $0.configuration = newValue } }
    }

    var intake: Intake? {
        get { state.withLock { $0.intake } }
        set { state.withLock { $0.intake = newValue } }
    }

    var phase: StatusReport.State {
        get { state.withLock { $0.phase } }
        set {
            state.withLock { $0.phase = newValue }
            activity.ring()
        }
    }

    func target(_ name: String) -> TargetRuntime? { targets.first { $0.name == name } }

    /// Records a second, as seen between calls.
    func deliveredPerSecond(_ delivered: Int, now: Int64) -> Double {
        state.withLock { $0.rate.note(delivered, now: now) }
    }

    /// The intake of the configured sources.
    ///
    /// - Parameter pulse: Shows that it turns.
    func makeIntake(pulse: Heart.Pulse) throws -> Intake {
        let configuration = configuration
        let (queue, logger, targets, activity) = (queue, logger, targets, activity)
        let rules = { @Sendable (name: String) in
            { @Sendable () -> RecordRules in
                guard let target = targets.first(where: { $0.name == name }) else {
                    preconditionFailure("the configuration names only its own targets")
                }
                return target.rules
            }
        }
        return try Intake(
            logger: logger, queueDirectory: configuration.queue.directory, pulse: pulse,
            accepted: { name in
                targets.first { $0.name == name }?.delivery.ring()
                activity.ring()
            },
            checkRoom: { try await queue.checkRoom() },
            makeSources: {
                var list = SourceList(sources: [])
                for spool in configuration.spools {
                    list.sources.append(
                        try SpoolIntake(
                            SpoolSettings(spool), queue: queue, rules: rules(spool.target), pulse: pulse, logger: logger
                        ))
                }
                for outbox in configuration.outboxes {
                    list.sources.append(
                        OutboxIntake(
                            path: outbox.path, target: outbox.target, queue: queue, rules: rules(outbox.target),
                            logger: logger))
                }
                return list
            })
    }
}

extension SpoolSettings {
    init(_ spool: SpoolConfiguration) {
        self.init(
            directory: spool.directory, target: spool.target, namespace: spool.namespace,
            settle: spool.settle.milliseconds, fileBytesMax: spool.fileBytesMax, lineBytesMax: spool.lineBytesMax,
            keepsDone: spool.keepsDone)
    }
}
