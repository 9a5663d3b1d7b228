internal import NIOCore

/// Decides from what was last read and sent whether a connection is alive, silent, dead or no longer needed. A value,
/// so that it can be tested without a connection or a clock.
struct ConnectionPulse {
    enum Verdict: Equatable {
        case fine
        /// Ask for a sign of life.
        case ping
        /// No sign of life came.
        case dead
        /// Unused for long enough.
        case idle
    }

    /// Questions between two pieces of an answer, at most: gRPC's servers close a connection with ENHANCE_YOUR_CALM after more
    /// (GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, `keepalive.EnforcementPolicy`).
    private static let pingsMax = 2

    private let interval: TimeAmount
    private let timeout: TimeAmount
    private let idleAfter: TimeAmount
    private var lastRead: NIODeadline
    private var lastUse: NIODeadline
    private var isPinging = false
    private var pingsSinceAnswer = 0
    /// When the question left this machine; it may wait long behind a large upload, which is not the server's silence.
    private var pingWritten: NIODeadline?

    init(_ configuration: TransportConfiguration, now: NIODeadline) {
        interval = TimeAmount(configuration.keepaliveInterval)
        timeout = TimeAmount(configuration.keepaliveTimeout)
        idleAfter = TimeAmount(configuration.idleTimeout)
        lastRead = now
        lastUse = now
    }

    /// When to ask for the next verdict, unless a stream begins first: an idle connection is left alone until its time is up.
    func rest(openStreams: Int, at now: NIODeadline) -> TimeAmount {
        openStreams > 0 ? period : max(period, lastUse + idleAfter - now)
    }

    /// How often to ask for a verdict while a request is open.
    var period: TimeAmount { .nanoseconds(max(1_000_000, min(interval, timeout, idleAfter).nanoseconds / 4)) }

    /// Something was read.
    mutating func heard(at now: NIODeadline) {
        lastRead = now
        isPinging = false
        pingWritten = nil
    }

    /// A piece of an answer was read.
    mutating func heardAnswer() { pingsSinceAnswer = 0 }

    func silence(at now: NIODeadline) -> TimeAmount { now - lastRead }

    /// The first stream began or the last one ended. Silence before the first began counts for nothing; that of a later
    /// one must not be counted anew, or a dead connection would live on as long as there are requests.
    mutating func used(at now: NIODeadline) {
        lastUse = now
    }

    /// The question reached the socket.
    mutating func wrotePing(at now: NIODeadline) {
        if isPinging { pingWritten = now }
    }

    mutating func verdict(openStreams: Int, at now: NIODeadline) -> Verdict {
        guard openStreams > 0 else {
            isPinging = false
            pingWritten = nil
            return now - lastUse >= idleAfter ? .idle : .fine
        }
        if let pingWritten { return now - pingWritten >= timeout ? .dead : .fine }
        guard !isPinging, pingsSinceAnswer < Self.pingsMax, now - max(lastRead, lastUse) >= interval else {
            return .fine
        }
        isPinging = true
        pingsSinceAnswer += 1
        return .ping
    }
}
