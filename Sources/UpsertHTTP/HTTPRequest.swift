/// One whole request, its body collected.
package struct HTTPRequest: Sendable {
    package var version: HTTPVersion
    /// Upper-case method, such as `POST`.
    package var method: String
    /// Path and query as sent, percent-encoded.
    package var target: String
    package var headers: HTTPFields
    /// At most ``HTTPConfiguration/bodyBytesMax`` bytes.
    package var body: [UInt8]
    /// Who sent it, on a Unix socket; nil on TCP.
    package var peer: PeerCredentials?

    package init(
        version: HTTPVersion, method: String, target: String, headers: HTTPFields = HTTPFields(), body: [UInt8] = [],
        peer: PeerCredentials? = nil
    ) {
        self.version = version
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.peer = peer
    }

    /// The part of ``target`` before the query, still percent-encoded.
    package var path: Substring { target.prefix { $0 != "?" } }

    /// The part of ``target`` after the question mark, still percent-encoded; empty without one.
    package var query: Substring { target.drop { $0 != "?" }.dropFirst() }
}

/// Which protocol carried the request.
package enum HTTPVersion: Sendable {
    case http1
    case http2
}

/// The process at the other end of a Unix socket when it connected (`SO_PEERCRED`, unix(7)).
package struct PeerCredentials: Sendable, Equatable {
    package var pid: Int32
    package var uid: UInt32
    package var gid: UInt32
}
