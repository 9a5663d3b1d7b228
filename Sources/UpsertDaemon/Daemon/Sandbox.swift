internal import Glibc
package import Logging
internal import UpsertIndex
internal import UpsertTransport

/// The daemon and an embedded index in one process, under one directory: no account, no configuration file.
package struct Sandbox: Sendable {
    private let directory: String
    private let index: IndexConfiguration
    private let wire: TargetConfiguration.Wire

    /// - Parameters:
    ///   - directory: Made if absent; a relative path is taken from the working directory.
    ///   - transport: `grpc` or `rest`.
    /// - Throws: ``SandboxError`` when a value makes no sense.
    package init(directory: String, dimension: Int, port: Int, transport: String) throws {
        self.directory = try Self.absolute(directory)
        guard let wire = TargetConfiguration.Wire(rawValue: transport) else {
            throw SandboxError("transport must be grpc or rest, is \(transport)")
        }
        self.wire = wire
        index = IndexConfiguration(directory: self.directory + "/index", port: port, dimension: dimension)
        if let problem = index.problem { throw SandboxError(problem) }
    }

    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Parameter say: Prints a line for the person who started it.
    package func run(logger: Logger, say: @escaping @Sendable (String) -> Void) async throws {
        try FileSystemSetup.makeDirectory(directory)
        let server = try await IndexServer.start(index)
        do {
            let configuration = try configuration(port: server.port)
            let (directory, address) = (directory, server.address)
            try await Daemon(configuration, path: nil, logger: logger).run {
                say("drop records here:  \(directory)/spool/incoming/   (.ndjson, .jsonl, .json)")
                say("index:              http://\(address)   (REST and gRPC, any API key)")
                say("status:             curl --unix-socket \(directory)/status.sock http://localhost/v1/status")
                say("ready")
                fflush(nil)
            }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    private func configuration(port: Int) throws -> DaemonConfiguration {
        let keyFile = directory + "/sandbox.key"
        try SandboxKey.make(keyFile)
        var target = TargetConfiguration(
            name: "sandbox", endpoint: try TargetEndpoint("http://127.0.0.1:\(port)"))
        target.wire = wire
        target.apiKeyFile = keyFile
        var configuration = DaemonConfiguration(
            targets: [target], queue: QueueConfiguration(directory: directory + "/queue"),
            status: StatusConfiguration(socket: try socketPath()))
        configuration.spools = [SpoolConfiguration(directory: directory + "/spool", target: "sandbox")]
        return configuration
    }

    private func socketPath() throws -> String {
        let path = directory + "/status.sock"
        // A Unix socket's path must fit in sun_path.
        guard path.utf8.count <= ConfigurationDefaults.statusSocketBytesMax else {
            throw SandboxError("\(path) is too long for a socket; choose a shorter directory")
        }
        return path
    }

    private static func absolute(_ path: String) throws -> String {
        guard !path.isEmpty else { throw SandboxError("the directory is empty") }
        guard !path.hasPrefix("/") else { return path }
        guard let working = unsafe getcwd(nil, 0) else { throw SandboxError("there is no working directory") }
        defer { unsafe free(working) }
        return unsafe String(cString: working) + "/" + path
    }
}

/// The key of a sandbox: its index accepts any, but a target has one.
enum SandboxKey {
    static func make(_ path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SandboxError("cannot write \(path)") }
        defer { close(descriptor) }
        let key = Array("sandbox\n".utf8)
        guard unsafe key.withUnsafeBytes({ unsafe write(descriptor, $0.baseAddress, $0.count) }) == key.count else {
            throw SandboxError("cannot write \(path)")
        }
    }
}
