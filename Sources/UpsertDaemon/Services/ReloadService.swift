internal import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// Reads the configuration again on SIGHUP.
struct ReloadService: Service {
    let running: RunningDaemon

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) {
                do {
                    try await running.reload()
                } catch {
                    running.logger.error("reload failed, the old configuration stays", metadata: ["reason": "\(error)"])
                }
            }
        }
    }
}

extension RunningDaemon {
    /// Reads the configuration and the keys again and takes what can change while running; all or nothing.
    ///
    /// - Throws: What is wrong with the new configuration; then the old one stays.
    func reload() async throws {
        guard let path = configurationPath else {
            throw OperatorError(.conflict, "this daemon was started without a configuration file")
        }
        let new = try DaemonConfiguration.load(path: path)
        var restart: [String] = []
        if new.spools != configuration.spools { restart.append("spools") }
        if new.outboxes != configuration.outboxes { restart.append("outboxes") }
        if new.queue != configuration.queue { restart.append("queue") }
        if new.status != configuration.status { restart.append("status") }
        if Set(new.targets.map(\.name)) != Set(targets.map(\.name)) { restart.append("the set of targets") }
        // Every key is read before anything is changed.
        for target in new.targets { _ = try APIKeySource(target).read() }
        for target in new.targets {
            guard let running = self.target(target.name) else { continue }
            try running.reload(target, hold: try await queue.hostHold(target))
        }
        configuration.targets = new.targets.filter { self.target($0.name) != nil }
        if restart.isEmpty {
            logger.notice("configuration reloaded")
        } else {
            logger.warning(
                "configuration reloaded, but some of it needs a restart",
                metadata: ["restart_for": "\(restart.joined(separator: ", "))"])
        }
    }
}
