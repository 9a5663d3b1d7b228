internal import ArgumentParser
internal import Logging
internal import UpsertDaemon

/// `upsertd sandbox`: the daemon and an index in one process, for trying it without an account.
struct SandboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Runs the daemon and an embedded index in one process, with everything in one directory.")

    @Argument(help: "Where spool, queue, index and socket are kept; made if absent.")
    var directory = "upsertd-sandbox"

    @Option(help: "Dimension of the embedded index.")
    var dimension = 8

    @Option(help: "Port of the embedded index; 0 takes a free one.")
    var port = 0

    @Option(help: "How records are sent to it: grpc or rest.")
    var transport = "grpc"

    func run() async throws {
        let logger = DaemonLog.logger(level: .info)
        try await Exit.translating(logger) {
            let sandbox = try Sandbox(directory: directory, dimension: dimension, port: port, transport: transport)
            try await sandbox.run(logger: logger) { print($0) }
        }
    }
}
