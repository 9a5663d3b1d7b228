internal import Logging
internal import ServiceLifecycle
internal import UpsertHTTP
internal import UpsertStorage

/// Answers the status socket, and the control socket where systemd hands one over, until everything else has stopped.
struct StatusService: Service {
    let running: RunningDaemon
    let sockets: ActivatedSockets
    /// Called once the daemon is ready.
    let started: @Sendable () -> Void

    func run() async throws {
        let listeners = try await bind()
        running.phase = .running
        SystemdNotifier().ready(status: try await running.report().summary)
        let path = sockets.status?.path ?? running.configuration.status.socket
        running.logger.report(
            .ready, "ready: taking records and sending them",
            ["socket": "\(path ?? "none")", "activated": "\(sockets.status != nil)"])
        started()
        // Cancelled instead: something failed, and there is nothing left to answer about.
        try? await gracefulShutdown()
        for listener in listeners { await listener.close(grace: .seconds(2)) }
    }

    private func bind() async throws -> [HTTPListener] {
        let status = running.configuration.status
        let access = OperatorAccess(adminGroup: status.adminGroup, controlPath: sockets.control?.path)
        var listeners: [HTTPListener] = []
        if let activated = sockets.status {
            listeners.append(try await listen(.descriptor(activated.descriptor), access))
        } else if let path = status.socket {
            let readers = try status.readGroup.map { name in try SocketGroup(name) }
            listeners.append(try await listen(.unix(path: path, mode: status.mode), access))
            try readers?.take(path)
        }
        if let control = sockets.control {
            // Whoever can connect here may change things: that is what the socket is for.
            listeners.append(
                try await listen(
                    .descriptor(control.descriptor), OperatorAccess(adminGroup: status.adminGroup) { _, _ in true }))
        }
        return listeners
    }

    private func listen(_ binding: HTTPBinding, _ access: OperatorAccess) async throws -> HTTPListener {
        let routes = StatusRoutes(running.operatorInterface, access: access)
        return try await HTTPListener.bind(binding, configuration: HTTPConfiguration(bodyBytesMax: 1 << 20)) {
            await routes.answer($0)
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
            dropQuarantined: { numbers in
                let refused = try await self.queue.dropQuarantined(numbers, now: WallClock.now())
                if numbers.count > refused.count {
                    self.logger.report(
                        .quarantineDropped, "quarantined records were dropped for good by an operator",
                        ["records": "\(numbers.count - refused.count)"])
                }
                return refused
            },
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
            if paused {
                logger.report(
                    .paused, "target paused by an operator, until upsertctl resume", ["target": "\(target.name)"])
            } else {
                logger.report(.unpaused, "target resumed by an operator", ["target": "\(target.name)"])
            }
        }
    }
}
