internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Collects the request of one HTTP/2 stream, hands it on and writes the answer.
final class HTTP2StreamHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let shared: ConnectionContext
    private var request: HTTPRequest?
    private var body = BodyCollector(bytesMax: 0, expected: nil)
    private var isActive = true

    init(shared: ConnectionContext) { self.shared = shared }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let frame):
            if request == nil { open(frame.headers) }
            if frame.endStream { hand(context) }
        case .data(let frame):
            if case .byteBuffer(let buffer) = frame.data { body.append(buffer) }
            if frame.endStream { hand(context) }
        default:
            break
        }
    }

    private func open(_ headers: HPACKHeaders) {
        var fields = HTTPFields()
        fields.reserve(headers.count)
        for header in headers where !header.name.hasPrefix(":") { fields.append(header.name, header.value) }
        let expected = fields["content-length"].flatMap { Int($0) }
        body = BodyCollector(bytesMax: shared.configuration.bodyBytesMax, expected: expected)
        request = HTTPRequest(
            version: .http2, method: headers.first(name: ":method") ?? "", target: headers.first(name: ":path") ?? "",
            headers: fields, peer: shared.peer)
    }

    private func hand(_ context: ChannelHandlerContext) {
        guard var request else { return }
        guard !body.isTooLarge else {
            return answer(context, BodyCollector.refusal(bytesMax: shared.configuration.bodyBytesMax))
        }
        request.body = body.bytes
        body = BodyCollector(bytesMax: 0, expected: nil)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let job = RequestJob(request: request) { response in
            loop.execute { bound.value.0.answer(bound.value.1, response) }
        }
        if case .terminated = shared.jobs.yield(job) { context.close(promise: nil) }
    }

    private func answer(_ context: ChannelHandlerContext, _ response: HTTPResponse) {
        guard isActive else { return }
        switch response.action {
        case .send:
            write(context, response)
        case .dropConnection:
            context.channel.parent?.close(promise: nil)
        case .resetStream(let code):
            let reset = HTTP2Frame.FramePayload.rstStream(HTTP2ErrorCode(networkCode: Int(code)))
            context.writeAndFlush(wrapOutboundOut(reset), promise: nil)
        }
    }

    private func write(_ context: ChannelHandlerContext, _ response: HTTPResponse) {
        var headers = HPACKHeaders([(":status", "\(response.status)")])
        for field in response.headers.fields { headers.add(name: field.name, value: field.value) }
        let hasTrailers = !response.trailers.isEmpty
        let isBare = response.body.isEmpty && !hasTrailers
        let opening = HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: isBare))
        context.write(wrapOutboundOut(opening), promise: nil)
        if !response.body.isEmpty {
            let data = IOData.byteBuffer(ByteBuffer(bytes: response.body))
            context.write(wrapOutboundOut(.data(.init(data: data, endStream: !hasTrailers))), promise: nil)
        }
        if hasTrailers {
            let trailers = HPACKHeaders(response.trailers.fields.map { ($0.name, $0.value) })
            context.write(wrapOutboundOut(.headers(.init(headers: trailers, endStream: true))), promise: nil)
        }
        context.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isActive = false
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
