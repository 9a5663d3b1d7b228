internal import Logging
internal import ServiceLifecycle
internal import Synchronization
internal import UpsertCore
internal import UpsertStorage

/// Takes records in until the daemon stops. The first service to stop, so it says that stopping has begun.
struct IntakeService: Service {
    let running: RunningDaemon
    let intake: Intake

    func run() async throws {
        try await withGracefulShutdownHandler {
            // Cancelled when another service has failed: what failed may be the disk, so nothing more is taken.
            try await withTaskCancellationHandler {
                try await intake.run()
            } onCancel: {
                intake.stop()
            }
        } onGracefulShutdown: {
            running.phase = .draining
            SystemdNotifier().stopping(status: "draining: intake has stopped, requests in flight are waited for")
            intake.stop()
            let statuses = running.targets.map(\.delivery.status)
            running.logger.report(
                .stopping, "stopping: intake has stopped, requests in flight are waited for",
                [
                    "in_flight": "\(statuses.reduce(0) { $0 + $1.requestsInFlight })",
                    "taken": "\(statuses.reduce(0) { $0 + $1.recordsTaken })",
                    "at_most_seconds": "\(running.configuration.shutdownTimeout.milliseconds / 1_000)",
                ])
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
        let clean = try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for target in targets {
                    group.addTask { try await target.delivery.run() }
                }
                return try await group.reduce(true) { $0 && $1 }
            }
        } onGracefulShutdown: { [running] in
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
        // Cancelled instead: something failed, and a queue on a failing disk is best left as it is.
        do { try await gracefulShutdown() } catch { return }
        running.phase = .stopping
        // Writing back a large log may take a while on a slow disk.
        SystemdNotifier().extendTimeout(by: .seconds(60))
        try await running.queue.close(clean: delivery.isClean)
        let queued = try await running.queue.status().queuedRecords
        let isClean = delivery.isClean
        running.logger.report(
            .drained,
            isClean
                ? "stopped: every request was answered"
                : "stopped with requests unanswered: their records are sent again at the next start",
            ["queued": "\(queued)", "clean": "\(isClean)"])
    }
}

/// Keeps the queue small: old receipts go, free pages and free memory are given back.
struct MaintenanceService: Service {
    let running: RunningDaemon

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await withThrowingDiscardingTaskGroup { group in
                for target in running.targets { group.addTask { await target.learnDimension() } }
                var said: String?
                var hasMore = false
                var isBusy = true
                var delivered = 0
                while !Task.isCancelled {
                    do { try await Task.sleep(for: .seconds(hasMore ? 1 : isBusy ? 10 : 60)) } catch { return }
                    do {
                        hasMore = try await running.queue.maintain(now: WallClock.now())
                        said = nil
                        let status = try await running.queue.status()
                        isBusy = status.queuedRecords > 0 || status.totals.deliveredRecords != delivered
                        if status.queuedRecords == 0, status.totals.deliveredRecords != delivered {
                            delivered = status.totals.deliveredRecords
                            MemoryUse.giveBack()
                        }
                    } catch {
                        if FatalStorageError.isFatal(error) { throw FatalStorageError(error) }
                        hasMore = false
                        guard said != "\(error)" else { continue }
                        said = "\(error)"
                        running.logger.warning("maintenance failed", metadata: ["reason": "\(error)"])
                    }
                }
            }
        }
    }
}
