internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Listens for HTTP/1.1 and HTTP/2 with prior knowledge on one address and hands each request to a handler.
package final class HTTPListener: Sendable {
    private let channel: any Channel
    private let registry: ConnectionRegistry
    private let jobs: AsyncStream<RequestJob>.Continuation
    private let serving: Task<Void, Never>
    private let socket: UnixSocket?

    /// The address, as `127.0.0.1:8080`, `[::1]:8080` or a socket's path; empty if the system does not tell.
    package let address: String
    /// The TCP port; nil for a Unix socket.
    package let port: Int?

    private init(
        channel: any Channel, registry: ConnectionRegistry, jobs: AsyncStream<RequestJob>.Continuation,
        serving: Task<Void, Never>, socket: UnixSocket?
    ) {
        self.channel = channel
        self.registry = registry
        self.jobs = jobs
        self.serving = serving
        self.socket = socket
        port = channel.localAddress?.port
        address = channel.localAddress.map(Self.describe) ?? ""
    }

    /// Binds the address and starts serving; requests are answered until ``close(grace:)``.
    ///
    /// - Throws: An I/O error, or ``UnixSocketError``.
    package static func bind(
        _ binding: HTTPBinding, configuration: HTTPConfiguration = HTTPConfiguration(), handler: @escaping HTTPHandler
    ) async throws -> HTTPListener {
        let (stream, jobs) = AsyncStream<RequestJob>.makeStream()
        let registry = ConnectionRegistry(connectionsMax: configuration.connectionsMax)
        let shared = ConnectionContext(configuration: configuration, jobs: jobs)
        let bootstrap = bootstrap(shared: shared, registry: registry)
        var socket: UnixSocket?
        let channel: any Channel
        switch binding {
        case .tcp(let host, let port):
            channel = try await bootstrap.bind(host: host, port: port).get()
        case .unix(let path, let mode):
            let bound = try UnixSocket(path: path, mode: mode)
            socket = bound
            channel = try await bootstrap.withBoundSocket(bound.descriptor).get()
        case .descriptor(let descriptor):
            channel = try await bootstrap.withBoundSocket(descriptor).get()
        }
        // One task owns every request's task, so that closing can wait for them; the connections bound their number.
        let serving = Task {
            await withDiscardingTaskGroup { group in
                for await job in stream { group.addTask { await job.run(handler) } }
            }
        }
        return HTTPListener(channel: channel, registry: registry, jobs: jobs, serving: serving, socket: socket)
    }

    /// Stops accepting, lets open requests finish for up to `grace`, then closes what is left.
    package func close(grace: Duration) async {
        try? await channel.close().get()  // fails only if it is closed already
        socket?.unlinkFile()
        registry.quiesce()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [registry] in
                try? await Task.sleep(for: grace)  // cancelled when everything has finished earlier
                registry.closeAll()
            }
            await registry.emptied()
            group.cancelAll()
        }
        jobs.finish()
        serving.cancel()
        await serving.value
    }

    private static func bootstrap(shared: ConnectionContext, registry: ConnectionRegistry) -> ServerBootstrap {
        let idle = TimeAmount(shared.configuration.idleTimeout)
        return ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4 << 10, initial: 64 << 10, maximum: 1 << 20)
            )
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 256 << 10, high: 1 << 20))
            .childChannelInitializer { channel in
                guard registry.add(channel) else { return channel.close() }
                return peer(of: channel).flatMapThrowing { peer in
                    var shared = shared
                    shared.peer = peer
                    try channel.pipeline.syncOperations.addHandler(IdleStateHandler(allTimeout: idle))
                    try channel.pipeline.syncOperations.addHandler(ProtocolSniffer(shared: shared))
                }
            }
    }

    /// Asks the kernel who is at the other end of a Unix socket.
    private static func peer(of channel: any Channel) -> EventLoopFuture<PeerCredentials?> {
        guard channel.localAddress?.pathname != nil, let options = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(nil)
        }
        // struct ucred is three 32-bit integers: pid, uid, gid.
        let credentials: EventLoopFuture<PeerCredentials> = options.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: SO_PEERCRED))  // safe: it yields struct ucred, laid out likewise
        return credentials.map { $0 }
    }

    private static func describe(_ address: SocketAddress) -> String {
        if let path = address.pathname { return path }
        guard let host = address.ipAddress, let port = address.port else { return "\(address)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
