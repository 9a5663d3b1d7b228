internal import Logging
internal import ServiceLifecycle
internal import Synchronization
internal import UpsertCore
internal import UpsertStorage

/// Takes records in until the daemon stops.
struct IntakeService: Service {
    let intake: Intake

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await intake.run()
        } onGracefulShutdown: {
            intake.stop()
        }
    }
}

/// Delivers to all targets until the daemon stops and what is in flight is answered, or time is up.
final class DeliveryService: Service {
    private let running: RunningDaemon
    private let clean = Atomic(false)

    init(running: RunningDaemon) { self.running = running }

    /// Whether every attempt of every target was answered; known once ``run()`` has returned.
    var isClean: Bool { clean.load(ordering: .acquiring) }

    func run() async throws {
        let targets = running.targets
        let clean = await withGracefulShutdownHandler {
            await withTaskGroup(of: Bool.self) { group in
                for target in targets {
                    group.addTask { await target.delivery.run() }
                }
                return await group.reduce(true) { $0 && $1 }
            }
        } onGracefulShutdown: { [running] in
            running.phase = .draining
            for target in targets { target.delivery.stop(within: running.configuration.shutdownTimeout.milliseconds) }
        }
        self.clean.store(clean, ordering: .releasing)
    }
}

/// Closes the queue after everything else has stopped.
struct QueueService: Service {
    let running: RunningDaemon
    let delivery: DeliveryService

    func run() async throws {
        try? await gracefulShutdown()  // cancelled: the queue is closed all the same
        running.phase = .stopping
        try await running.queue.close(clean: delivery.isClean)
        let queued = try await running.queue.status().queuedRecords
        running.logger.notice("stopped", metadata: ["queued": "\(queued)"])
    }
}

/// Keeps the queue small: old receipts go, free pages are given back.
struct MaintenanceService: Service {
    let running: RunningDaemon

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for target in running.targets { group.addTask { await target.learnDimension() } }
                while !Task.isCancelled {
                    do { try await Task.sleep(for: .seconds(10)) } catch { return }
                    do {
                        try await running.queue.maintain(now: WallClock.now())
                    } catch {
                        running.logger.warning("maintenance failed", metadata: ["reason": "\(error)"])
                    }
                }
            }
        }
    }
}
