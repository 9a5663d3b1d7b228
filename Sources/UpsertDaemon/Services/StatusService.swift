internal import Logging
internal import ServiceLifecycle
internal import UpsertHTTP
internal import UpsertStorage

/// Answers the status socket, and tells systemd how the daemon is doing until everything else has stopped.
struct StatusService: Service {
    let running: RunningDaemon
    let heart: Heart
    /// Called once the daemon is ready.
    let started: @Sendable () -> Void

    func run() async throws {
        let status = running.configuration.status
        var listener: HTTPListener?
        if let path = status.socket {
            let access = OperatorAccess(adminGroup: status.adminGroup)
            let routes = StatusRoutes(running.operatorInterface, access: access)
            let readers = try status.readGroup.map { name in try SocketGroup(name) }
            listener = try await HTTPListener.bind(
                .unix(path: path, mode: status.mode), configuration: HTTPConfiguration(bodyBytesMax: 1 << 20)
            ) { await routes.answer($0) }
            try readers?.take(path)
        }
        running.phase = .running
        let notifier = SystemdNotifier()
        notifier.ready(status: try await running.report().summary)
        running.logger.notice("ready", metadata: ["socket": "\(status.socket ?? "none")"])
        started()
        await notify(notifier)
        await listener?.close(grace: .seconds(2))
    }

    /// Keeps the status line fresh, and the watchdog fed as long as the delivery is alive.
    private func notify(_ notifier: SystemdNotifier) async {
        let interval = min(SystemdNotifier.watchdogInterval.map { $0 / 3 } ?? .seconds(10), .seconds(10))
        await cancelWhenGracefulShutdown {
            var beats = -1
            while !Task.isCancelled {
                if heart.count != beats || running.targets.isEmpty {
                    beats = heart.count
                    notifier.watchdog()
                }
                if let report = try? await running.report() { notifier.status(report.summary) }
                do { try await Task.sleep(for: interval) } catch { break }
            }
        }
    }
}

extension RunningDaemon {
    /// What operators may ask and do.
    var operatorInterface: OperatorInterface {
        OperatorInterface(
            status: { try await self.report() },
            receipt: { try await self.queue.receipt($0) },
            quarantine: { try await self.queue.quarantine(after: $0, limit: $1) },
            quarantineEntry: { try await self.queue.quarantine(number: $0) },
            retryQuarantined: { numbers, force in
                let refused = try await self.queue.retryQuarantined(numbers, force: force, now: WallClock.now())
                for target in self.targets { target.delivery.ring() }
                return refused
            },
            dropQuarantined: { try await self.queue.dropQuarantined($0, now: WallClock.now()) },
            replaceQuarantined: { try await self.replaceQuarantined($0, with: $1) },
            acceptTarget: { try await self.acceptHost($0) },
            pause: { try await self.pause($0, true) },
            resume: { try await self.pause($0, false) },
            flush: { for target in self.targets { target.delivery.flush() } },
            reload: { try await self.reload() })
    }

    private func pause(_ name: String?, _ paused: Bool) async throws {
        if let name, target(name) == nil { throw OperatorError(.notFound, "there is no target \(name)") }
        for target in targets where name == nil || target.name == name {
            try await queue.setPaused(paused, target: target.name)
            target.delivery.pause(paused)
            logger.notice(paused ? "paused" : "resumed", metadata: ["target": "\(target.name)"])
        }
    }
}
