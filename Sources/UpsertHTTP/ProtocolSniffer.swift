internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2

/// Reads the first bytes of a connection and sets up HTTP/2 (prior knowledge) or HTTP/1.1 accordingly.
final class ProtocolSniffer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// The client connection preface (RFC 9113 §3.4).
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let shared: ConnectionContext
    private var received = ByteBuffer()

    init(shared: ConnectionContext) { self.shared = shared }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        received.writeBuffer(&buffer)
        let seen = received.readableBytesView.prefix(Self.preface.count)
        let isPreface = seen.elementsEqual(Self.preface.prefix(seen.count))
        guard !isPreface || seen.count == Self.preface.count else { return }
        do {
            if isPreface { try addHTTP2(context) } else { try addHTTP1(context) }
        } catch {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(wrapInboundOut(received))
        context.fireChannelReadComplete()
        received = ByteBuffer()
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Nothing has been asked yet, so there is nothing to finish.
        if event is Quiesce || event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func addHTTP1(_ context: ChannelHandlerContext) throws {
        try context.pipeline.syncOperations.configureHTTPServerPipeline(
            withPipeliningAssistance: true, withErrorHandling: true)
        try context.pipeline.syncOperations.addHandler(HTTP1Handler(shared: shared))
    }

    private func addHTTP2(_ context: ChannelHandlerContext) throws {
        let configuration = shared.configuration
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.targetWindowSize = configuration.windowBytes
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: configuration.streamsMax),
            HTTP2Setting(parameter: .initialWindowSize, value: configuration.windowBytes),
            HTTP2Setting(parameter: .maxFrameSize, value: configuration.frameBytesMax),
            HTTP2Setting(parameter: .maxHeaderListSize, value: 64 << 10),
        ]
        var stream = NIOHTTP2Handler.StreamConfiguration()
        stream.targetWindowSize = configuration.windowBytes
        let counter = StreamCounter()
        _ = try context.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: connection, streamConfiguration: stream, streamDelegate: counter
        ) { [shared] channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(HTTP2StreamHandler(shared: shared))
            }
        }
        try context.pipeline.syncOperations.addHandler(HTTP2ConnectionHandler(counter: counter))
    }
}
