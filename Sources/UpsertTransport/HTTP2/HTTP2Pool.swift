internal import NIOCore
internal import NIOSSL

/// The connections to one target. Used on one event loop only, which is why it needs no lock.
///
/// Connections come into being when there is a call for them. A call goes to the least loaded one; between equals an
/// open one is preferred, then they take turns.
final class HTTP2Pool {
    /// How many connections one call may be given to, each of which ended before the server looked at it, until it is
    /// reported as not sent.
    private static let placementsMax = 4

    private let configuration: TransportConfiguration
    private let loop: any EventLoop
    private let tls: NIOSSLContext?
    /// One place for each connection of `configuration.connections`.
    private var places: [HTTP2Connection?]
    /// Connections that only finish what they have.
    private var retired: [HTTP2Connection] = []
    private var turn = 0
    private var isClosed = false

    init(configuration: TransportConfiguration, loop: any EventLoop, tls: NIOSSLContext?) {
        self.configuration = configuration
        self.loop = loop
        self.tls = tls
        places = Array(repeating: nil, count: max(1, configuration.connections))
    }

    /// Takes a new call.
    func start(_ call: UnaryCall) {
        call.begin(on: loop, endpoint: configuration.endpoint)
        place(call)
    }

    /// Gives a call that is not on a stream to a connection.
    func place(_ call: UnaryCall) {
        guard call.phase == .waiting else { return }
        guard !isClosed else {
            return call.finish(.notSent("transport to \(configuration.endpoint.hostAndPort) is closed"))
        }
        guard call.placements < Self.placementsMax else {
            return call.finish(
                .notSent("\(configuration.endpoint.hostAndPort) closed \(call.placements) connections in a row"))
        }
        let index = choose()
        if let connection = places[index] { return connection.submit(call) }
        let connection = HTTP2Connection(configuration: configuration, loop: loop, pool: self)
        places[index] = connection
        connection.submit(call)
        connection.connect(tls: tls)
    }

    private func choose() -> Int {
        turn = (turn + 1) % places.count
        func rank(_ offset: Int) -> (load: Int, isNew: Int, offset: Int) {
            let connection = places[(turn + offset) % places.count]
            return (connection?.load ?? 0, connection?.isReady == true ? 0 : 1, offset)
        }
        let best = places.indices.map { rank($0) }.min { $0 < $1 }
        return (turn + (best?.offset ?? 0)) % places.count
    }

    /// A connection takes no more calls.
    func retire(_ connection: HTTP2Connection, moving calls: [UnaryCall]) {
        vacate(connection)
        retired.append(connection)
        for call in calls { place(call) }
    }

    /// A connection is gone. If it never came to be, its calls fail unless another connection is open; a new attempt is
    /// the business of whoever retries them.
    func ended(_ connection: HTTP2Connection, wasReady: Bool, moving calls: [UnaryCall]) {
        vacate(connection)
        for call in calls {
            if wasReady {
                place(call)
            } else if let other = places.compactMap({ $0 }).filter(\.isReady).min(by: { $0.load < $1.load }) {
                other.submit(call)
            } else {
                call.finish(.notSent(connection.failureReason))
            }
        }
    }

    private func vacate(_ connection: HTTP2Connection) {
        for index in places.indices where places[index] === connection { places[index] = nil }
        retired.removeAll { $0 === connection }
    }

    /// Closes every connection; calls on a stream end as lost, those that wait as not sent.
    func close() -> EventLoopFuture<Void> {
        isClosed = true
        let connections = places.compactMap { $0 } + retired
        let closing = connections.compactMap { $0.channel?.closeFuture }
        for connection in connections { connection.abandon("transport is being closed") }
        return EventLoopFuture.andAllComplete(closing, on: loop)
    }
}
