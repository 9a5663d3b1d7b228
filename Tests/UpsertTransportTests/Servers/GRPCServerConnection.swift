import NIOCore
import NIOHTTP2
import Synchronization

/// The connection of a ``GRPCServer``: counts PINGs (NIOHTTP2 answers them) and survives what clients do.
final class GRPCServerConnection: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let shared: GRPCServer.Shared

    init(shared: GRPCServer.Shared) { self.shared = shared }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .ping(_, ack: false) = unwrapInboundIn(data).payload else { return }
        shared.record.withLock { $0.pings += 1 }
        shared.changes.continuation.yield()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
