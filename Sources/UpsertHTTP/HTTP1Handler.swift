internal import NIOCore
internal import NIOHTTP1

/// Collects one HTTP/1 request at a time, hands it on and writes the answer.
///
/// The pipelining handler in front holds further requests back until the answer is written, so order is kept.
final class HTTP1Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Idle → receiving → answering → idle; closed from any.
    private enum State {
        case idle
        case receiving(HTTPRequestHead, BodyCollector)
        case answering(HTTPRequestHead)
        case closed
    }

    private let shared: ConnectionContext
    private var state = State.idle
    private var isClosing = false

    init(shared: ConnectionContext) { self.shared = shared }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            let expected = head.headers.first(name: "content-length").flatMap { Int($0) }
            let body = BodyCollector(bytesMax: shared.configuration.bodyBytesMax, expected: expected)
            state = .receiving(head, body)
            if head.headers.first(name: "expect")?.lowercased() == "100-continue" { invite(context, head, body) }
        case .body(let buffer):
            guard case .receiving(let head, var body) = state else { return }
            state = .idle  // so that the buffer is not shared while it grows
            body.append(buffer)
            state = .receiving(head, body)
        case .end:
            guard case .receiving(let head, let body) = state else { return }
            state = .answering(head)
            if body.isTooLarge {
                answer(context, BodyCollector.refusal(bytesMax: shared.configuration.bodyBytesMax))
            } else {
                hand(context, head, body.bytes)
            }
        }
    }

    /// Says "100 Continue", or refuses and closes at once what is declared too large.
    private func invite(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ body: BodyCollector) {
        guard !body.isTooLarge else {
            isClosing = true
            state = .answering(head)
            return answer(context, BodyCollector.refusal(bytesMax: shared.configuration.bodyBytesMax))
        }
        let informational = HTTPResponseHead(version: head.version, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(informational)), promise: nil)
    }

    private func hand(_ context: ChannelHandlerContext, _ head: HTTPRequestHead, _ body: [UInt8]) {
        var headers = HTTPFields()
        headers.reserve(head.headers.count)
        for (name, value) in head.headers { headers.append(name, value) }
        let request = HTTPRequest(
            version: .http1, method: head.method.rawValue, target: head.uri, headers: headers, body: body,
            peer: shared.peer)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        let job = RequestJob(request: request) { response in
            loop.execute { bound.value.0.answer(bound.value.1, response) }
        }
        if case .terminated = shared.jobs.yield(job) { context.close(promise: nil) }
    }

    private func answer(_ context: ChannelHandlerContext, _ response: HTTPResponse) {
        guard case .answering(let request) = state else { return }
        guard case .send = response.action else {
            state = .closed
            context.close(promise: nil)
            return
        }
        let isLast = isClosing || !request.isKeepAlive
        state = isLast ? .closed : .idle
        var head = HTTPResponseHead(version: request.version, status: .init(statusCode: response.status))
        for field in response.headers.fields { head.headers.add(name: field.name, value: field.value) }
        head.headers.replaceOrAdd(name: "content-length", value: "\(response.body.count)")
        if isLast { head.headers.replaceOrAdd(name: "connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !response.body.isEmpty, request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        if isLast {
            let channel = context.channel
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is Quiesce || event is IdleStateHandler.IdleStateEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        switch state {
        case .idle: context.close(promise: nil)
        case .receiving where event is IdleStateHandler.IdleStateEvent: context.close(promise: nil)
        case .receiving, .answering: if event is Quiesce { isClosing = true }
        case .closed: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        state = .closed
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
