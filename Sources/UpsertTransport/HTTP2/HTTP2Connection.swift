internal import NIOCore
internal import NIOHTTP2

/// One HTTP/2 connection to the target, with the calls that wait for it. Used on its event loop only.
final class HTTP2Connection {
    enum State {
        /// Until the server's SETTINGS: the proof that something speaks HTTP/2 there. Nothing of a call is sent before,
        /// so that whatever goes wrong until then is "not sent" for certain. Can become ready or closed.
        case connecting
        /// Takes calls. Can become draining or closed.
        case ready
        /// Finishes its streams and takes no more calls. Can become closed.
        case draining
        case closed
    }

    /// Streams allowed before the server says a number; NIOHTTP2 assumes the same.
    static let streamsDefault = 100
    /// Streams after which a connection is replaced, long before the stream ids are used up.
    static let streamsPerConnectionMax = 1_000_000

    let configuration: TransportConfiguration
    let loop: any EventLoop
    private(set) weak var pool: HTTP2Pool?
    private(set) var state = State.connecting
    private(set) var waiting: [UnaryCall] = []
    private(set) var openStreams = 0
    private var startedStreams = 0
    private var streamsMax = HTTP2Connection.streamsDefault
    /// The last stream that the server will look at, once it said GOAWAY.
    private var lastStream = HTTP2StreamID.maxID
    /// Whether it said so without naming an error: a server that has had enough of a connection, not of requests.
    private var isGoingInPeace = false
    /// Why the connection is going or gone; the first reason counts.
    private var failure: String?
    var channel: (any Channel)?
    var multiplexer: NIOHTTP2Handler.StreamMultiplexer?
    var readyTimer: Scheduled<Void>?
    var pulse: ConnectionPulse
    /// When the pulse is asked next.
    var nextTick: (task: Scheduled<Void>, at: NIODeadline)?

    init(configuration: TransportConfiguration, loop: any EventLoop, pool: HTTP2Pool) {
        self.configuration = configuration
        self.loop = loop
        self.pool = pool
        pulse = ConnectionPulse(configuration, now: .now())
    }

    var isReady: Bool { state == .ready }
    var load: Int { waiting.count + openStreams }
    var failureReason: String { failure ?? "connection closed by \(configuration.endpoint.hostAndPort)" }

    // MARK: Calls

    /// Takes a call: opens a stream for it now or as soon as possible.
    func submit(_ call: UnaryCall) {
        call.connection = self
        call.placements += 1
        waiting.append(call)
        openWaiting()
    }

    /// Drops a call that was given up while it waited.
    func forget(_ call: UnaryCall) {
        waiting.removeAll { $0 === call }
    }

    /// Opens streams for the calls that wait, while the socket takes bytes: otherwise NIO would keep a new stream's headers
    /// back, where no GOAWAY reaches it, and the call would count as sent.
    func openWaiting() {
        guard let channel, let multiplexer else { return }
        while state == .ready, channel.isActive, channel.isWritable, openStreams < streamsMax, !waiting.isEmpty {
            open(waiting.removeFirst(), multiplexer)
        }
    }

    private func open(_ call: UnaryCall, _ multiplexer: NIOHTTP2Handler.StreamMultiplexer) {
        if openStreams == 0 {
            pulse.used(at: .now())
            tick(in: pulse.period)
        }
        openStreams += 1
        startedStreams += 1
        let bound = NIOLoopBound((call, self), eventLoop: loop)
        multiplexer.createStreamChannel { stream in
            stream.eventLoop.makeCompletedFuture {
                let (call, connection) = bound.value
                call.stream = stream
                try stream.pipeline.syncOperations.addHandler(UnaryCallHandler(call: call, connection: connection))
            }
        }.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let stream):
                // A connection that closed meanwhile never activates its new streams.
                if call.phase == .waiting { stream.close(promise: nil) }
            case .failure:
                self.streamEnded(call)
            }
        }
        if startedStreams >= Self.streamsPerConnectionMax {
            drain("connection replaced after \(startedStreams) requests")
        }
    }

    /// A stream is gone. A call that it did not send is given to another connection.
    func streamEnded(_ call: UnaryCall) {
        openStreams -= 1
        if openStreams == 0 { pulse.used(at: .now()) }
        if call.phase == .waiting { pool?.place(call) }
        openWaiting()
        closeIfDrained()
    }

    /// A call passed its deadline on a stream. If the server has been silent for half of that time, the next calls had
    /// better use another connection: this one may be dead with nobody to say so.
    func timedOut() {
        guard pulse.silence(at: .now()) * 2 >= TimeAmount(configuration.requestTimeout) else { return }
        drain("nothing heard from \(configuration.endpoint.hostAndPort) before a request timed out")
    }

    /// Whether a stream ended only because the server closes the connection as a matter of course, or was refused for the
    /// first time. Such a request may go out again at once (RFC 9113 §6.8 and §8.7, "transparent retries" of gRPC); after any
    /// other end whoever sends decides when.
    func hasPassedOver(_ call: UnaryCall, _ error: any Error) -> Bool {
        switch error {
        case let error as NIOHTTP2Errors.StreamClosed where error.streamID > lastStream: isGoingInPeace
        case let error as NIOHTTP2Errors.StreamClosed: error.errorCode == .refusedStream && call.placements == 1
        default: error is NIOHTTP2Errors.CreatedStreamAfterGoaway && isGoingInPeace
        }
    }

    /// How a call ends whose stream reported an error.
    func exchange(endedBy error: any Error) -> GRPCExchange {
        let peer = configuration.endpoint.hostAndPort
        switch error {
        case let error as NIOHTTP2Errors.StreamClosed where error.streamID > lastStream:
            return .notSent("\(failureReason), before it looked at the request")
        case let error as NIOHTTP2Errors.StreamClosed where error.errorCode == .refusedStream:
            return .notSent("\(peer) refused the stream (REFUSED_STREAM)")
        case let error as NIOHTTP2Errors.StreamClosed:
            return .lost("\(peer) reset the stream (\(error.errorCode))")
        case is NIOHTTP2Errors.CreatedStreamAfterGoaway:
            return .notSent("\(failureReason), before it looked at the request")
        default:
            return .lost("\(peer): \(error)")
        }
    }

    // MARK: Connection events

    /// The server's settings; the first ones make the connection ready.
    func received(_ settings: HTTP2Settings) {
        if let limit = settings.last(where: { $0.parameter == .maxConcurrentStreams })?.value { streamsMax = limit }
        if state == .connecting {
            state = .ready
            readyTimer?.cancel()
            pulse.used(at: .now())
        }
        openWaiting()
    }

    func receivedGoAway(lastStream: HTTP2StreamID, code: HTTP2ErrorCode, text: String) {
        self.lastStream = lastStream
        isGoingInPeace = code == .noError
        let detail = text.isEmpty ? "\(code)" : "\(code), \(ServerText.clipped(text))"
        drain("\(configuration.endpoint.hostAndPort) closes the connection (GOAWAY \(detail))")
    }

    /// Takes no more calls; those that wait go elsewhere.
    private func drain(_ reason: String) {
        fail(reason)
        guard state == .ready else { return }
        state = .draining
        let calls = waiting
        waiting = []
        pool?.retire(self, moving: calls)
        closeIfDrained()
    }

    private func closeIfDrained() {
        guard state == .draining, openStreams == 0, let channel else { return }
        // A stream reports its end before its last frame is flushed, so that closing must wait for the next turn.
        loop.execute { channel.close(promise: nil) }
    }

    /// Records why the connection will be gone.
    func fail(_ reason: String) {
        if failure == nil { failure = reason }
    }

    /// Gives the connection up now. It takes no more calls from here on, however long closing takes: TLS says goodbye
    /// first.
    func abandon(_ reason: String) {
        fail(reason)
        if state == .connecting { ended() } else { drain(reason) }
        channel?.close(promise: nil)
    }

    /// The connection is gone, or never came to be.
    func ended() {
        guard state != .closed else { return }
        let wasReady = state == .ready || state == .draining
        state = .closed
        readyTimer?.cancel()
        let calls = waiting
        waiting = []
        pool?.ended(self, wasReady: wasReady, moving: calls)
    }
}
