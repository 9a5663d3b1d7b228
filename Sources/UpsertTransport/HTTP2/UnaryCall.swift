internal import NIOCore
internal import NIOHPACK

/// One request on its way through the pool: waiting for a connection, on a stream, or finished. Used on one event loop
/// only.
///
/// Whatever happens, ``finish(_:)`` is called exactly once with an effect; which ending it gets follows from ``phase``.
final class UnaryCall {
    enum Phase {
        /// Not on a stream, and the server looks at nothing of it. Can become sent or finished.
        case waiting
        /// The headers were handed to a live connection, so the server may have them. Can become finished, or waiting
        /// again, where the server has said that it did not look at them.
        case sent
        case finished
    }

    private(set) var phase = Phase.waiting
    /// The request headers, made when the call gets its stream, since they name the time left.
    let makeHeaders: @Sendable (_ timeLeft: Duration) -> HPACKHeaders
    /// What is left to send.
    var body: RequestBody
    /// All that there is to send.
    private var wholeBody: RequestBody
    /// Bytes of an answer that are kept; more than that makes the answer unreadable.
    let answerBytesMax: Int
    /// How often it was given to a connection, which must not go on for ever.
    var placements = 0
    /// The connection that it waits for.
    weak var connection: HTTP2Connection?
    /// Its stream, once it has one.
    var stream: (any Channel)?

    /// Time to get a stream, and as much again from then until the answer: a request that had to wait for one is given up
    /// with an unknown outcome no sooner than another.
    private let timeout: Duration
    private let result: EventLoopPromise<GRPCExchange>
    private var deadline = NIODeadline.distantFuture
    private var timer: Scheduled<Void>?

    init(
        timeout: Duration, body: RequestBody, answerBytesMax: Int, result: EventLoopPromise<GRPCExchange>,
        makeHeaders: @escaping @Sendable (_ timeLeft: Duration) -> HPACKHeaders
    ) {
        self.timeout = timeout
        self.body = body
        wholeBody = body
        self.answerBytesMax = answerBytesMax
        self.result = result
        self.makeHeaders = makeHeaders
    }

    var timeLeft: Duration { .nanoseconds(max(0, (deadline - .now()).nanoseconds)) }

    /// Starts the clock.
    func begin(on loop: any EventLoop, endpoint: TargetEndpoint) {
        guard phase == .waiting else { return }
        startTimer(on: loop) { [timeout] in
            let missing = self.connection?.isReady == true ? "no free stream of" : "no connection to"
            self.end("\(missing) \(endpoint.hostAndPort) within \(timeout)")
        }
    }

    /// Starts the clock anew, now that a stream was found.
    func markSent(on loop: any EventLoop, endpoint: TargetEndpoint) {
        guard phase == .waiting else { return }
        phase = .sent
        startTimer(on: loop) { [timeout] in
            self.connection?.timedOut()
            self.end("no answer from \(endpoint.hostAndPort) within \(timeout)")
        }
    }

    /// Goes back to waiting, after the server has said that it did not look at the request.
    func takeBack(on loop: any EventLoop, endpoint: TargetEndpoint) {
        guard phase == .sent else { return }
        phase = .waiting
        body = wholeBody
        stream = nil
        begin(on: loop, endpoint: endpoint)
    }

    private func startTimer(on loop: any EventLoop, _ action: @escaping () -> Void) {
        timer?.cancel()
        deadline = .now() + TimeAmount(timeout)
        timer = loop.assumeIsolated().scheduleTask(deadline: deadline, action)
    }

    /// Gives the call up; a stream is reset. How it ends depends on how far it came.
    func end(_ reason: String) {
        switch phase {
        case .waiting: finish(.notSent(reason))
        case .sent: finish(.lost(reason))
        case .finished: return
        }
        connection?.forget(self)
        // Closing a stream that is not finished sends RST_STREAM(CANCEL).
        stream?.close(promise: nil)
    }

    /// The end; later calls have no effect.
    func finish(_ exchange: GRPCExchange) {
        guard phase != .finished else { return }
        phase = .finished
        body = RequestBody([])
        wholeBody = body
        timer?.cancel()
        result.succeed(exchange)
    }
}
