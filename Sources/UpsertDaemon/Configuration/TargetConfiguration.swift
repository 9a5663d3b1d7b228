package import UpsertCore
package import UpsertTransport

/// One index that records go to: an entry of `targets`.
package struct TargetConfiguration: Sendable, Equatable {
    /// How requests travel: the values of `transport`.
    package enum Wire: String, Sendable, CaseIterable {
        case grpc, rest
    }

    /// The entry's key: 1…64 letters, digits, `-` and `_`.
    package var name: String
    /// `host`: URL of the index, https unless it is this machine or `allow_plaintext` is set; required.
    package var endpoint: TargetEndpoint
    /// `api`: `vectors` (records bring values) or `records` (the service embeds text). Default vectors.
    package var api: RecordAPI
    /// `transport`: `grpc` or `rest`. Default grpc for vectors; records go over rest only.
    package var wire: Wire
    /// `api_key_file`: file that holds the API key, readable by its owner only; nil for the systemd credential `NAME.key`.
    package var apiKeyFile: String?
    /// `dimension`: of dense vectors, 1…20,000; nil to ask the index. Not for `api: records`.
    package var dimension: Int?
    /// `requests_in_flight_max`: requests at the same time. 1…1,000; default 12.
    package var requestsInFlightMax: Int
    /// `unresolved_max`: requests whose outcome is not known, at most; then nothing new is sent. 1…1,000; default 16.
    package var unresolvedMax: Int
    /// `governor`: what each namespace may be sent per second; by default the published ceilings for the vendor's hosts, and
    /// nothing for others.
    package var governor: GovernorLimits
    /// `connections`: parallel connections over which gRPC requests are spread. 1…64; default 2.
    package var connections: Int
    /// `linger`: how long a batch may wait to fill. 0ms…1h; default 200ms.
    package var linger: Duration
    /// `request_timeout`: time for one request until it is answered. Over REST connecting is included; over gRPC as much is
    /// allowed before that, to find a connection and a stream. 1s…10m; default 30s.
    package var requestTimeout: Duration
    /// `connect_timeout`: time for a new connection, TLS included. 100ms…5m; default 5s.
    package var connectTimeout: Duration
    /// `ambiguous_hold`: how long a different version of a record waits after a request whose outcome is not known. At
    /// least twice `request_timeout`, at most 24h; default 60s.
    package var ambiguousHold: Duration
    /// `ca_file`: PEM file of authorities trusted besides the system's. Absolute path; default none.
    package var caFile: String?
    /// `allow_plaintext`: whether `http://` may be used to a host that is not this machine. Default false.
    package var allowsPlaintext: Bool

    package init(name: String, endpoint: TargetEndpoint) {
        self.name = name
        self.endpoint = endpoint
        api = .vectors
        wire = .grpc
        requestsInFlightMax = ConfigurationDefaults.requestsInFlightMax
        unresolvedMax = ConfigurationDefaults.unresolvedMax
        governor = endpoint.isPinecone ? .published : .none
        connections = ConfigurationDefaults.connections
        linger = ConfigurationDefaults.linger
        requestTimeout = ConfigurationDefaults.requestTimeout
        connectTimeout = ConfigurationDefaults.connectTimeout
        ambiguousHold = ConfigurationDefaults.ambiguousHold
        allowsPlaintext = false
    }

    /// What tells two indexes apart. The vendor's hosts serve one index each, whatever the port.
    package var indexIdentity: String {
        endpoint.isPinecone ? endpoint.host : endpoint.hostAndPort + endpoint.path
    }
}
