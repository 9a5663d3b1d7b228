import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOSSL
import Synchronization

/// A scripted gRPC server on a real socket.
final class GRPCServer: Sendable {
    /// One request as it arrived.
    struct Request: Sendable {
        var headers: [(String, String)]
        /// Body with the gRPC prefix.
        var body: ByteBuffer
        var connection: Int
        var stream: Int

        subscript(_ name: String) -> String? { headers.first { $0.0 == name }?.1 }
    }

    /// What the server does with a request.
    enum Reply: Sendable {
        /// Headers, one message, trailers.
        case answer(message: [UInt8] = [], headers: [(String, String)] = [], trailers: [(String, String)])
        /// One header block that ends the stream.
        case trailersOnly([(String, String)])
        /// Headers, a body and the end, as a proxy answers.
        case page([(String, String)], body: String)
        case reset(HTTP2ErrorCode)
        /// GOAWAY, naming the last stream it looks at, then something else.
        indirect case goAway(lastStream: Int, HTTP2ErrorCode = .noError, then: Reply)
        /// The answer comes when the test calls ``release()``.
        indirect case held(Reply)
        /// A second thing after the first.
        indirect case both(Reply, Reply)
        case closeConnection
        case resetConnection
        /// Reads no more from the connection.
        case freeze
        case nothing
    }

    /// Counters that a test looks at.
    struct Record: Sendable {
        var requests: [Request] = []
        var open: [Int: Int] = [:]
        var openMax = 0
        var resets: [HTTP2ErrorCode] = []
        /// PINGs received.
        var pings = 0
        var held: [@Sendable () -> Void] = []
        var isReleased = false
    }

    /// What a server is made of.
    struct Script: Sendable {
        var settings: HTTP2Settings = [HTTP2Setting(parameter: .maxConcurrentStreams, value: 100)]
        var window = 65_535
        var tls: NIOSSLContext?
        /// Called when a request's headers arrive; nil waits for the whole of it.
        var onHeaders: @Sendable (Request) -> Reply? = { _ in nil }
        /// Called when the whole request has arrived.
        var onRequest: @Sendable (Request) -> Reply
    }

    let server: TCPServer
    private let shared: Shared

    final class Shared: Sendable {
        let record = Mutex(Record())
        let changes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    init(_ script: Script) async throws {
        let shared = Shared()
        self.shared = shared
        server = try await TCPServer(tls: script.tls) { channel, index in
            channel.eventLoop.makeCompletedFuture {
                var connection = NIOHTTP2Handler.ConnectionConfiguration()
                connection.initialSettings = script.settings
                connection.targetWindowSize = script.window
                var stream = NIOHTTP2Handler.StreamConfiguration()
                stream.targetWindowSize = script.window
                _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                    mode: .server, connectionConfiguration: connection, streamConfiguration: stream
                ) { stream in
                    stream.eventLoop.makeCompletedFuture {
                        try stream.pipeline.syncOperations.addHandler(
                            GRPCServerStream(script: script, shared: shared, connection: index))
                    }
                }
                try channel.pipeline.syncOperations.addHandler(GRPCServerConnection(shared: shared))
            }
        }
    }

    /// A server that answers every whole request alike.
    convenience init(_ reply: Reply) async throws {
        try await self.init(Script { _ in reply })
    }

    var port: Int { server.port }
    var record: Record { shared.record.withLock { $0 } }

    /// Sends the answers that were held, and those to come at once.
    func release() {
        let held = shared.record.withLock { record in
            defer { record.held = [] }
            record.isReleased = true
            return record.held
        }
        for answer in held { answer() }
    }

    /// Waits until the record satisfies a condition.
    func wait(until condition: @Sendable (Record) -> Bool) async {
        if condition(record) { return }
        for await _ in shared.changes.stream where condition(record) { return }
    }

    func stop() async throws { try await server.stop() }
}
