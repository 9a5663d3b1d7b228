internal import Glibc
internal import NIOCore

/// Lets a listening socket rest for a second when the process has no descriptor or memory left for a connection.
///
/// The connection stays in the kernel's backlog and keeps the socket readable, so trying again at once would use up a whole
/// processor for as long as the shortage lasts.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = Channel

    private static let rest = TimeAmount.seconds(1)
    private static let shortages: Set<CInt> = [EMFILE, ENFILE, ENOBUFS, ENOMEM]

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError, Self.shortages.contains(error.errnoCode) {
            let channel = context.channel
            setReading(false, channel)
            context.eventLoop.assumeIsolated().scheduleTask(in: Self.rest) { self.setReading(true, channel) }
        }
        context.fireErrorCaught(error)
    }

    private func setReading(_ reading: Bool, _ channel: any Channel) {
        // Fails only once the socket is closed, when nothing is left to pause.
        try? channel.syncOptions?.setOption(.autoRead, value: reading)
    }
}
