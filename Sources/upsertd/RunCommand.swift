internal import ArgumentParser
internal import Logging
internal import UpsertDaemon

/// `upsertd run`: the daemon as a service.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the daemon until SIGTERM or SIGINT.")

    @Option(help: "The configuration file.")
    var config = DaemonConfiguration.defaultPath

    func run() async throws {
        // Its last words say why it ends.
        defer { if LogDestination.current() == .journal { JournalBarrier.wait() } }
        let configuration: DaemonConfiguration
        do {
            configuration = try DaemonConfiguration.load(path: config)
        } catch {
            // In a terminal one problem is one line, so that editors find the places.
            guard LogDestination.current() == .journal else { throw Exit.failure(.configuration, "\(error)") }
            DaemonFailure.report(error, DaemonLog.logger(level: .info))
            throw ExitCode(Exit.configuration.rawValue)
        }
        let logger = DaemonLog.logger(level: configuration.logLevel)
        try await Exit.translating(logger) {
            try await Daemon(configuration, path: config, logger: logger).run()
        }
    }
}
