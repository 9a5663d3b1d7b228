internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Sends one call on its stream and gathers the answer.
final class UnaryCallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let call: UnaryCall
    private let connection: HTTP2Connection
    private var head: HPACKHeaders?
    private var trailers: HPACKHeaders?
    private var body: [UInt8] = []

    init(call: UnaryCall, connection: HTTP2Connection) {
        self.call = call
        self.connection = connection
    }

    func channelActive(context: ChannelHandlerContext) {
        guard call.phase == .waiting, connection.isReady else {
            context.close(promise: nil)
            return
        }
        call.markSent(on: connection.loop, endpoint: connection.configuration.endpoint)
        let headers = HTTP2Frame.FramePayload.headers(.init(headers: call.makeHeaders(call.timeLeft)))
        context.write(wrapOutboundOut(headers), promise: nil)
        writeBody(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if call.phase == .sent { writeBody(context) }
        context.fireChannelWritabilityChanged()
    }

    /// Writes as much of the body as the connection takes now.
    private func writeBody(_ context: ChannelHandlerContext) {
        guard !call.body.isEmpty else { return }
        while context.channel.isWritable, !call.body.isEmpty {
            let piece = call.body.next(allocator: context.channel.allocator)
            let data = HTTP2Frame.FramePayload.data(
                .init(data: .byteBuffer(piece), endStream: call.body.isEmpty))
            context.write(wrapOutboundOut(data), promise: nil)
        }
        context.flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.pulse.heardAnswer()
        switch unwrapInboundIn(data) {
        case .headers(let payload):
            if head == nil {
                // 1xx heads come before the real one.
                if !payload.headers.contains(where: { $0.name == ":status" && $0.value.hasPrefix("1") }) {
                    head = payload.headers
                }
            } else {
                trailers = payload.headers
            }
            if payload.endStream { complete(context) }
        case .data(let payload):
            guard case .byteBuffer(let bytes) = payload.data else { return }
            body.append(contentsOf: bytes.readableBytesView.prefix(call.answerBytesMax - body.count))
            if payload.endStream { complete(context) }
        default:
            break
        }
    }

    /// The stream ends with an error when either side reset it or a GOAWAY left it behind.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if connection.hasPassedOver(call, error) {
            // The end of the stream gives it to another connection.
            call.takeBack(on: connection.loop, endpoint: connection.configuration.endpoint)
        } else {
            call.finish(connection.exchange(endedBy: error))
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if call.phase == .sent { call.finish(.lost(connection.failureReason)) }
        connection.streamEnded(call)
        context.fireChannelInactive()
    }

    private func complete(_ context: ChannelHandlerContext) {
        guard let head else { return }
        call.finish(.answered(GRPCAnswer(head: head, trailers: trailers, body: body)))
        // An answer may come before all of the request has gone out; the rest need not go. Otherwise the stream has
        // ended by itself when the event loop comes to this, and closing it does nothing.
        let stream = context.channel
        context.eventLoop.execute { stream.close(promise: nil) }
    }
}
