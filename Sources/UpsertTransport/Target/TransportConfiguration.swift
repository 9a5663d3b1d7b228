/// How one target is spoken to; the same for every wire.
package struct TransportConfiguration: Sendable {
    package var endpoint: TargetEndpoint
    /// Parallel connections, at least 1. The server's HTTP/2 window is per connection, so upload speed over a real
    /// round trip grows with them. Not used over REST: there one request takes one connection.
    package var connections = 2
    /// Time allowed for one request until its answer. Over HTTP/2 it begins when the request gets a stream, as much is allowed
    /// before that, and both begin anew on another connection; over HTTP/1.1 connecting is included.
    package var requestTimeout: Duration = .seconds(30)
    /// Time allowed until a new connection is ready, TLS included.
    package var connectTimeout: Duration = .seconds(10)
    /// Silence with requests in flight after which the server is asked for a sign of life (HTTP/2 PING).
    package var keepaliveInterval: Duration = .seconds(20)
    /// Silence after that question after which the connection is given up.
    package var keepaliveTimeout: Duration = .seconds(10)
    /// Time without requests after which a connection is closed, before a middlebox forgets it silently, or the server
    /// closes it while a request is on its way: HAProxy as Debian ships it after 50 s, most balancers after 60 s and more.
    package var idleTimeout: Duration = .seconds(45)
    /// A PEM file of authorities trusted besides the system's.
    package var caFile: String?
    /// The `user-agent`, such as `upsertd/1.0.0`.
    package var userAgent: String

    package init(endpoint: TargetEndpoint, userAgent: String) {
        self.endpoint = endpoint
        self.userAgent = userAgent
    }

    /// The API version asked for; source: `pinecone-api` repository, newest stable of 2026.
    static let apiVersion = "2026-07"
}
