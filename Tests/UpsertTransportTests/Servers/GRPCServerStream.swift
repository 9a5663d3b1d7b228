import NIOCore
import NIOHPACK
import NIOHTTP2
import Synchronization

/// One stream of a ``GRPCServer``.
final class GRPCServerStream: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let script: GRPCServer.Script
    private let shared: GRPCServer.Shared
    private var request: GRPCServer.Request

    init(script: GRPCServer.Script, shared: GRPCServer.Shared, connection: Int) {
        self.script = script
        self.shared = shared
        request = GRPCServer.Request(headers: [], body: ByteBuffer(), connection: connection, stream: 0)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let payload):
            request.headers = payload.headers.map { ($0.name, $0.value) }
            if let id = try? context.channel.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID) {
                request.stream = Int(id)
            }
            change { [connection = request.connection] in
                $0.open[connection, default: 0] += 1
                $0.openMax = max($0.openMax, $0.open[connection, default: 0])
            }
            if let reply = script.onHeaders(request) { perform(reply, context.channel) }
        case .data(let payload):
            if case .byteBuffer(var bytes) = payload.data { request.body.writeBuffer(&bytes) }
            guard payload.endStream else { return }
            change { [request] in $0.requests.append(request) }
            perform(script.onRequest(request), context.channel)
        case .rstStream(let code):
            change { $0.resets.append(code) }
        default:
            break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        change { [connection = request.connection] in $0.open[connection, default: 0] -= 1 }
    }

    /// A reset by the peer ends the stream with an error that has been recorded already.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}

    private func change(_ body: @Sendable (inout GRPCServer.Record) -> Void) {
        shared.record.withLock { body(&$0) }
        shared.changes.continuation.yield()
    }

    private func perform(_ reply: GRPCServer.Reply, _ stream: any Channel) {
        switch reply {
        case .answer(let message, let headers, let trailers):
            write([(":status", "200"), ("content-type", "application/grpc")] + headers, end: false, stream)
            var body = ByteBuffer(bytes: [0])
            body.writeInteger(UInt32(message.count))
            body.writeBytes(message)
            stream.write(HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(body))), promise: nil)
            write(trailers, end: true, stream)
        case .trailersOnly(let fields):
            write([(":status", "200"), ("content-type", "application/grpc")] + fields, end: true, stream)
        case .page(let fields, let body):
            write(fields, end: false, stream)
            let data = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(ByteBuffer(string: body)), endStream: true))
            stream.writeAndFlush(data, promise: nil)
        case .reset(let code):
            stream.writeAndFlush(HTTP2Frame.FramePayload.rstStream(code), promise: nil)
        case .goAway(let lastStream, let code, let then):
            let payload = HTTP2Frame.FramePayload.goAway(
                lastStreamID: HTTP2StreamID(lastStream), errorCode: code,
                opaqueData: ByteBuffer(string: "maintenance"))
            stream.parent?.writeAndFlush(HTTP2Frame(streamID: .rootStream, payload: payload), promise: nil)
            perform(then, stream)
        case .held(let later):
            let performer = NIOLoopBound(self, eventLoop: stream.eventLoop)
            let action: @Sendable () -> Void = {
                stream.eventLoop.execute { performer.value.perform(later, stream) }
            }
            let isReleased = shared.record.withLock { record in
                if !record.isReleased { record.held.append(action) }
                return record.isReleased
            }
            if isReleased { action() }
            shared.changes.continuation.yield()
        case .both(let first, let second):
            perform(first, stream)
            perform(second, stream)
        case .closeConnection: stream.parent?.close(promise: nil)
        case .resetConnection: stream.parent?.reset()
        case .freeze: stream.parent?.setOption(.autoRead, value: false).whenComplete { _ in }
        case .nothing: break
        }
    }

    private func write(_ fields: [(String, String)], end: Bool, _ stream: any Channel) {
        let payload = HTTP2Frame.FramePayload.headers(.init(headers: HPACKHeaders(fields), endStream: end))
        stream.writeAndFlush(payload, promise: nil)
    }
}
