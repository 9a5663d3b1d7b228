internal import ArgumentParser
internal import Logging
internal import UpsertDaemon

/// `upsertd index`: the embedded index alone.
struct IndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Serves a Pinecone-compatible index from a directory, REST and gRPC on one port.")

    @Option(help: "TCP port on 127.0.0.1; 0 takes a free one and prints it.")
    var port: Int

    @Option(help: "Dense dimension; 0 for a sparse index.")
    var dimension: Int

    @Option(help: "cosine, dotproduct or euclidean.")
    var metric = "cosine"

    @Option(help: "Where the records are kept; made if absent.")
    var directory: String

    @Option(name: .customLong("api-key-file"), help: "Requires the key in this file; without it any key is accepted.")
    var apiKeyFile: String?

    @Flag(name: .customLong("fault-control"), help: "Answers POST /_faults, by which tests inject faults.")
    var faultControl = false

    @Flag(help: "Records applied writes in memory and shows them at GET /_journal; for tests.")
    var journal = false

    func run() async throws {
        let logger = DaemonLog.logger(level: .info)
        try await Exit.translating(logger) {
            let index = try EmbeddedIndex(
                directory: directory, port: port, dimension: dimension, metric: metric, apiKeyFile: apiKeyFile,
                faultControl: faultControl, journal: journal)
            try await index.run { print($0) }
        }
    }
}
