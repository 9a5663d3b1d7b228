import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A loopback server that speaks whatever its handler speaks. Stop it with ``stop()``.
final class TCPServer: Sendable {
    let port: Int
    private let listener: any Channel
    private let accepted: Accepted

    /// The connections taken so far.
    final class Accepted: Sendable {
        let channels = Mutex<[any Channel]>([])
    }

    /// - Parameters:
    ///   - tls: The server's TLS, where it has any.
    ///   - configure: Called for each new connection with its index, after TLS was added.
    init(
        tls: NIOSSLContext? = nil, configure: @escaping @Sendable (any Channel, Int) -> EventLoopFuture<Void>
    ) async throws {
        let accepted = Accepted()
        self.accepted = accepted
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                let index = accepted.channels.withLock {
                    $0.append(channel)
                    return $0.count - 1
                }
                if let tls {
                    do {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    } catch {
                        return channel.eventLoop.makeFailedFuture(error)
                    }
                }
                return configure(channel, index)
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    var connections: Int { accepted.channels.withLock { $0.count } }

    /// Waits until the peer (or we) closed a connection.
    func waitForClose(of index: Int) async throws {
        let channel = accepted.channels.withLock { $0[index] }
        try await withTaskCancellationHandler {
            try await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    func stop() async throws {
        try await listener.close()
        for channel in accepted.channels.withLock({ $0 }) { try? await channel.close() }
    }

    /// A port on which nothing listens.
    static func closedPort() async throws -> Int {
        let server = try await TCPServer { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
        try await server.stop()
        return server.port
    }
}

extension Channel {
    /// Closes with a TCP reset.
    func reset() {
        guard let options = self as? any SocketOptionProvider else { return close(promise: nil) }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in self.close(promise: nil) }
    }
}
