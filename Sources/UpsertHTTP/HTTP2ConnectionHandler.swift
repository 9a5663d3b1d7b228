internal import NIOCore
internal import NIOHTTP2
internal import Synchronization

/// Closes an HTTP/2 connection in good order: GOAWAY, answer what is open, close.
final class HTTP2ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let counter: StreamCounter

    init(counter: StreamCounter) { self.counter = counter }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Quiesce {
            counter.isClosing.store(true, ordering: .relaxed)
            let open = counter.open.load(ordering: .relaxed)
            goAway(context, thenClose: open == 0)
        } else if event is IdleStateHandler.IdleStateEvent {
            if counter.open.load(ordering: .relaxed) == 0 { goAway(context, thenClose: true) }
        } else if event is StreamsDrained {
            goAway(context, thenClose: true)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func goAway(_ context: ChannelHandlerContext, thenClose: Bool) {
        let payload = HTTP2Frame.FramePayload.goAway(lastStreamID: .maxID, errorCode: .noError, opaqueData: nil)
        let written = context.eventLoop.makePromise(of: Void.self)
        if thenClose {
            // Writes leave in order: once this one is out, so is every answer before it.
            let channel = context.channel
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: payload)), promise: written)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A stream's error ends that stream only; NIO has reset it already.
        if error is NIOHTTP2Errors.StreamError { return }
        context.close(promise: nil)
    }
}

/// Counts the open streams of one connection; touched only on its event loop.
final class StreamCounter: NIOHTTP2StreamDelegate {
    let open = Atomic(0)
    let isClosing = Atomic(false)

    func streamCreated(_ id: HTTP2StreamID, channel: any Channel) { open.add(1, ordering: .relaxed) }

    func streamClosed(_ id: HTTP2StreamID, channel: any Channel) {
        let left = open.subtract(1, ordering: .relaxed).newValue
        guard left == 0, isClosing.load(ordering: .relaxed), let connection = channel.parent else { return }
        connection.eventLoop.execute { connection.pipeline.fireUserInboundEventTriggered(StreamsDrained()) }
    }
}

/// The last open stream of a closing connection has ended.
struct StreamsDrained: Sendable {}
