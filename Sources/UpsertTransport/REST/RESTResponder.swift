internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Follows one request through AsyncHTTPClient: whether its head was sent, and what came back.
final class RESTResponder: HTTPClientResponseDelegate {
    typealias Response = RESTAnswer

    private struct State {
        var isHeadSent = false
        var answer = RESTAnswer(status: 0)
    }

    private let state = Mutex(State())
    private let bodyBytesMax: Int

    /// - Parameter bodyBytesMax: Bytes of the answer's body that are kept.
    init(bodyBytesMax: Int) { self.bodyBytesMax = bodyBytesMax }

    func didSendRequestHead(task: HTTPClient.Task<RESTAnswer>, _ head: HTTPRequestHead) {
        state.withLock { $0.isHeadSent = true }
    }

    func didReceiveHead(task: HTTPClient.Task<RESTAnswer>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let headers = head.headers
        let answer = RESTAnswer(
            status: Int(head.status.code), contentType: headers.first(name: "content-type") ?? "",
            retryAfter: headers.first(name: "retry-after"), location: headers.first(name: "location"),
            lsn: ["x-pinecone-request-lsn", "x-pinecone-lsn-committed"].lazy
                .compactMap { headers.first(name: $0).flatMap { UInt64($0) } }.first)
        state.withLock { $0.answer = answer }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<RESTAnswer>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        state.withLock {
            $0.answer.body.append(contentsOf: buffer.readableBytesView.prefix(bodyBytesMax - $0.answer.body.count))
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<RESTAnswer>) throws -> RESTAnswer {
        state.withLock { $0.answer }
    }

    /// How the request ended that failed with an error.
    func exchange(endedBy error: any Error, configuration: TransportConfiguration) -> RESTExchange {
        let isSent = state.withLock { $0.isHeadSent }
        let reason = Self.reason(error, isSent: isSent, configuration)
        return isSent ? .lost(reason) : .notSent(reason)
    }

    private static func reason(_ error: any Error, isSent: Bool, _ configuration: TransportConfiguration) -> String {
        let peer = configuration.endpoint.hostAndPort
        switch error as? HTTPClientError {
        case .deadlineExceeded?, .getConnectionFromPoolTimeout?:
            return (isSent ? "no answer from \(peer)" : "no connection to \(peer)")
                + " within \(configuration.requestTimeout)"
        case .connectTimeout?: return "no connection to \(peer) within \(configuration.connectTimeout)"
        case .tlsHandshakeTimeout?: return "no TLS handshake with \(peer) within \(configuration.connectTimeout)"
        case .remoteConnectionClosed?, .uncleanShutdown?: return "connection closed by \(peer)"
        case .cancelled?: return isSent ? "cancelled while waiting for the answer" : "cancelled"
        case .alreadyShutdown?: return "transport to \(peer) is closed"
        case let other?: return "\(peer): \(other)"
        case nil: return ConnectionFailure.reason(error, endpoint: configuration.endpoint)
        }
    }
}
