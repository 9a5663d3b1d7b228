internal import NIOCore
internal import NIOHTTP2
internal import NIOTLS

/// Tells an ``HTTP2Connection`` what happens on its channel.
final class HTTP2ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let connection: HTTP2Connection

    init(_ connection: HTTP2Connection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data).payload {
        case .settings(.settings(let settings)):
            connection.received(settings)
        case .goAway(let lastStream, let code, let opaque):
            let text = opaque.map { String(buffer: $0) } ?? ""
            connection.receivedGoAway(lastStream: lastStream, code: code, text: text)
        default:
            break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        connection.pulse.heard(at: .now())
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        connection.openWaiting()
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let name?)? = event as? TLSUserEvent, name != "h2" {
            abandon("\(connection.configuration.endpoint.hostAndPort) speaks \(name), not HTTP/2", context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // NIOHTTP2 reports here too what concerns one stream, which learns it by itself.
        switch error {
        case is NIOHTTP2Errors.StreamClosed, is NIOHTTP2Errors.NoSuchStream, is NIOHTTP2Errors.CreatedStreamAfterGoaway:
            return
        default:
            break
        }
        let endpoint = connection.configuration.endpoint
        let isGibberish = error is NIOHTTP2Errors.UnableToParseFrame || error is NIOHTTP2Errors.BadClientMagic
        abandon(
            isGibberish
                ? "\(endpoint.hostAndPort) does not speak HTTP/2\(connection.state == .connecting ? "" : " as it should")"
                : ConnectionFailure.reason(error, endpoint: endpoint),
            context)
    }

    /// The connection may not know its channel yet, so the channel is closed here.
    private func abandon(_ reason: String, _ context: ChannelHandlerContext) {
        connection.abandon(reason)
        context.close(promise: nil)
    }
}
