internal import Glibc
internal import UnixSignals
internal import UpsertIndex

/// The embedded index as a program of its own.
package struct EmbeddedIndex: Sendable {
    private let configuration: IndexConfiguration

    /// - Throws: ``SandboxError`` when a value makes no sense.
    package init(
        directory: String, port: Int, dimension: Int, metric: String, apiKeyFile: String? = nil,
        faultControl: Bool = false, journal: Bool = false
    ) throws {
        guard let metric = Metric(rawValue: metric) else {
            throw SandboxError("metric must be cosine, dotproduct or euclidean, is \(metric)")
        }
        guard (0...65_535).contains(port) else { throw SandboxError("port must be 0...65535, is \(port)") }
        var key: String?
        if let apiKeyFile {
            let bytes = try SmallFile.read(apiKeyFile, bytesMax: 4_096).bytes
            key = String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
        }
        configuration = IndexConfiguration(
            directory: directory, port: port, dimension: dimension, metric: metric, apiKey: key,
            faultControl: faultControl, journal: journal)
        if let problem = configuration.problem { throw SandboxError(problem) }
    }

    /// Serves until SIGTERM or SIGINT.
    ///
    /// - Parameter say: Prints a line for the person who started it.
    package func run(say: @Sendable (String) -> Void) async throws {
        let server = try await IndexServer.start(configuration)
        say("index: http://\(server.address) (REST and gRPC)")
        fflush(nil)
        for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) { break }
        await server.stop()
    }
}

/// Why a sandbox or an index cannot be started as asked.
package struct SandboxError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
