internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Reads the configuration again on SIGHUP.
struct ReloadService: Service {
    let running: RunningDaemon

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                // What went wrong is in the log, which is where whoever sent the signal will look.
                try? await running.reload()
            }
        }
    }
}

extension RunningDaemon {
    /// Reads the configuration and the keys again and takes what can change while running; all or nothing.
    ///
    /// One at a time: systemd is told when it begins and when it is over, and the log what changed or what is wrong.
    ///
    /// - Throws: What is wrong with the new configuration; then the old one stays.
    func reload() async throws {
        try await reloading.run {
            let notifier = SystemdNotifier()
            notifier.reloading()
            do {
                try await self.adoptConfiguration()
            } catch {
                self.logger.report(
                    .reloadFailed, "reload failed, the old configuration stays in force", ["reason": "\(error)"])
                notifier.ready(status: await self.line())
                throw error
            }
            notifier.ready(status: await self.line())
        }
    }

    /// The line for `systemctl status`.
    private func line() async -> String {
        do { return try await report().summary } catch { return phase.rawValue }
    }

    private func adoptConfiguration() async throws {
        guard let path = configurationPath else {
            throw OperatorError(.conflict, "this daemon was started without a configuration file")
        }
        let new = try DaemonConfiguration.load(path: path)
        var changes = ConfigurationChanges(from: configuration, to: new)
        // Everything that can fail comes before anything is changed.
        let prepared = try await prepare(new)
        for next in prepared where next.hasNewKey { changes.keyChanged(target: next.configuration.name) }
        for next in prepared { target(next.configuration.name)?.adopt(next) }
        DaemonLog.level.set(new.logLevel)
        // A target that was removed runs on until a restart, so it stays.
        let adopted = Dictionary(uniqueKeysWithValues: prepared.map { ($0.configuration.name, $0.configuration) })
        configuration.targets = configuration.targets.map { adopted[$0.name] ?? $0 }
        configuration.logLevel = new.logLevel
        say(changes)
    }

    /// Makes ready what the targets need; where that fails for one, nothing is kept of the others.
    private func prepare(_ new: DaemonConfiguration) async throws -> [TargetRuntime.Prepared] {
        var prepared: [TargetRuntime.Prepared] = []
        do {
            for next in new.targets {
                guard let target = target(next.name) else { continue }
                prepared.append(try target.prepare(next, hold: try await queue.hostHold(next)))
            }
        } catch {
            for next in prepared { await next.discard() }
            throw error
        }
        return prepared
    }

    private func say(_ changes: ConfigurationChanges) {
        let fields: Logger.Metadata = [
            "changed": "\(changes.applied.isEmpty ? "nothing" : changes.applied.joined(separator: ", "))",
            "restart_for": "\(changes.needRestart.isEmpty ? "nothing" : changes.needRestart.joined(separator: ", "))",
        ]
        guard changes.needRestart.isEmpty else {
            logger.report(.reloaded, "configuration reloaded, but some of it needs a restart", fields)
            return
        }
        logger.report(.reloaded, "configuration reloaded", fields)
    }
}

/// Runs one thing after another.
actor Turnstile {
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Runs `body` when everything that came before it is done.
    func run<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        if isBusy {
            await withCheckedContinuation { waiting.append($0) }
        }
        isBusy = true
        defer {
            if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
        }
        return try await body()
    }
}
