internal import Glibc
package import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Synchronization
internal import UnixSignals
internal import UpsertCore
internal import UpsertStorage

/// The daemon: opens the queue, starts the services in order, and stops them in reverse.
///
/// Order of starting: queue, reporting, status socket, delivery, intake. So a stop ends intake first, then waits for what is
/// in flight, answers status until the end, and closes the queue last.
package struct Daemon {
    private let configuration: DaemonConfiguration
    private let configurationPath: String?
    private let logger: Logger

    /// - Parameter configurationPath: The file to read again on reload; nil where the configuration came from elsewhere.
    package init(_ configuration: DaemonConfiguration, path configurationPath: String?, logger: Logger) {
        self.configuration = configuration
        self.configurationPath = configurationPath
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Parameter started: Called once everything is ready.
    /// - Throws: ``QueueError``, ``APIKeyFailure`` and the like when it cannot start; ``FatalStorageError`` when the disk
    ///   failed under it.
    package func run(started: @escaping @Sendable () -> Void = {}) async throws {
        MemoryUse.configure()
        do {
            try await openAndServe(started)
        } catch let damage as QueueError where damage.code == .damaged {
            // Met at the start: a restart would meet it again, so it has an exit status that prevents one.
            throw damage
        } catch let error where FatalStorageError.isFatal(error) {
            throw FatalStorageError(error)
        }
    }

    private func openAndServe(_ started: @escaping @Sendable () -> Void) async throws {
        let startedAt = WallClock.now()
        let sockets = try ActivatedSockets.take()
        try sockets.require(statusPath: configuration.status.socket)
        logger.report(
            .started, "upsertd \(Version.current) starts",
            [
                "version": "\(Version.current)", "config": "\(configurationPath ?? "none")",
                "targets": "\(configuration.targets.map(\.name).joined(separator: " "))",
            ])
        try FileSystemSetup.makeDirectory(configuration.queue.directory)
        let opening = try openQueue(now: startedAt)
        let queue = opening.queue
        let recovered = try await queue.status()
        say(recovered, unclean: queue.startedUnclean, since: startedAt)
        let loops = configuration.targets.map { Heart.Loop.delivery(target: $0.name) } + [.intake]
        let heart = Heart(loops, interval: SystemdNotifier.watchdogInterval) { SystemdNotifier().watchdog() }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var targets: [TargetRuntime] = []
        for target in configuration.targets {
            targets.append(
                try TargetRuntime(
                    target, queue: queue, isPaused: try await queue.isPaused(target: target.name),
                    hold: try await queue.hostHold(target), group: group, logger: logger,
                    pulse: heart.pulse(.delivery(target: target.name))))
        }
        recovered.warnOfOrphans(besides: configuration.targets.map(\.name), logger)
        let running = RunningDaemon(
            configuration: configuration, configurationPath: configurationPath, queue: queue, targets: targets,
            startedAt: startedAt, eventLoop: group.next(), setAside: opening.setAside, logger: logger)
        let intake = try running.makeIntake(pulse: heart.pulse(.intake))
        try await intake.open()
        running.intake = intake
        try await serve(running, intake, heart, StatusService(running: running, sockets: sockets, started: started))
        try await group.shutdownGracefully()
    }

    private func openQueue(now: Int64) throws -> QueueOpening {
        let progress = StartProgress()
        return try QueueOpening(configuration, now: now, logger: logger) { progress.read(records: $0) }
    }

    private func say(_ recovered: QueueStatus, unclean: Bool, since startedAt: Int64) {
        guard recovered.queuedRecords > 0 || unclean else { return }
        logger.report(
            .recovered, "recovered the queue",
            [
                "records": "\(recovered.queuedRecords)", "bytes": "\(recovered.queuedBytes)",
                "unclean": "\(unclean)", "seconds": "\(max(0, WallClock.now() - startedAt) / 1_000)",
            ])
    }

    private func serve(
        _ running: RunningDaemon, _ intake: Intake, _ heart: Heart, _ status: StatusService
    ) async throws {
        let delivery = DeliveryService(running: running)
        let services: [any Service] = [
            QueueService(running: running, delivery: delivery),
            MaintenanceService(running: running),
            NotifyService(running: running, heart: heart),
            status,
            ReloadService(running: running),
            delivery,
            IntakeService(running: running, intake: intake),
        ]
        var settings = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "lifecycle") { _ in
                SwiftLogNoOpLogHandler()
            })
        // The delivery ends by itself within the configured time; this is only for what should never happen.
        settings.maximumGracefulShutdownDuration = configuration.shutdownTimeout + .seconds(10)
        settings.maximumCancellationDuration = .seconds(5)
        try await ServiceGroup(configuration: settings).run()
    }
}
