import NIOCore
import NIOSSL
import Synchronization

/// A scripted HTTP/1.1 server on a real socket that keeps the bytes of each request.
final class HTTPServer: Sendable {
    struct Request: Sendable {
        /// Request line and header lines.
        var head: [String]
        var body: String
        var connection: Int

        subscript(_ name: String) -> String? {
            head.dropFirst().first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }?
                .split(separator: ": ", maxSplits: 1).last.map(String.init)
        }
    }

    enum Reply: Sendable {
        case answer(Int, headers: [(String, String)] = [("content-type", "application/json")], body: String)
        /// These bytes, then the end of the connection.
        case raw(String)
        case closeConnection
        case resetConnection
        case nothing
    }

    let server: TCPServer
    private let seen: Seen

    final class Seen: Sendable {
        let requests = Mutex<[Request]>([])
    }

    init(tls: NIOSSLContext? = nil, _ script: @escaping @Sendable (Request) -> Reply) async throws {
        let seen = Seen()
        self.seen = seen
        server = try await TCPServer(tls: tls) { channel, index in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(Connection(index: index, seen: seen, script: script))
            }
        }
    }

    convenience init(_ reply: Reply) async throws {
        try await self.init { _ in reply }
    }

    var port: Int { server.port }
    var requests: [Request] { seen.requests.withLock { $0 } }

    func stop() async throws { try await server.stop() }

    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let index: Int
        private let seen: Seen
        private let script: @Sendable (Request) -> Reply
        private var bytes = ByteBuffer()
        private var head: [String]?

        init(index: Int, seen: Seen, script: @escaping @Sendable (Request) -> Reply) {
            self.index = index
            self.seen = seen
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var received = unwrapInboundIn(data)
            bytes.writeBuffer(&received)
            guard let request = nextRequest() else { return }
            seen.requests.withLock { $0.append(request) }
            switch script(request) {
            case .answer(let status, let headers, let body):
                let fields = headers + [("content-length", "\(body.utf8.count)")]
                let head = fields.reduce("HTTP/1.1 \(status) x\r\n") { $0 + "\($1.0): \($1.1)\r\n" }
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head + "\r\n" + body)), promise: nil)
            case .raw(let text):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
                context.close(promise: nil)
            case .closeConnection: context.close(promise: nil)
            case .resetConnection: context.channel.reset()
            case .nothing: break
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func nextRequest() -> Request? {
            if head == nil {
                let view = bytes.readableBytesView
                guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
                let length = end.upperBound - view.startIndex
                head = bytes.readString(length: length)?.split(separator: "\r\n").map(String.init)
            }
            guard let head else { return nil }
            var request = Request(head: head, body: "", connection: index)
            let length = request["content-length"].flatMap { Int($0) } ?? 0
            guard let body = bytes.readString(length: length) else { return nil }
            request.body = body
            self.head = nil
            return request
        }
    }
}
