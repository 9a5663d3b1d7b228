/// One target in a status report.
package struct TargetReport: Sendable, Equatable, Codable {
    /// Why nothing is sent.
    package struct HoldReport: Sendable, Equatable, Codable {
        /// A word of ``Hold/Kind``.
        package var kind: String
        /// The server's words, or ours where it had none.
        package var reason: String
        /// RFC 3339, UTC; nil where it is not known.
        package var since: String?

        /// - Parameter since: Unix milliseconds.
        package init(kind: String, reason: String, since: Int64?) {
            self.kind = kind
            self.reason = reason
            self.since = since.map(Timestamp.text(milliseconds:))
        }
    }

    /// Why nothing is sent to one namespace.
    package struct NamespaceHoldReport: Sendable, Equatable, Codable {
        package var namespace: String
        package var hold: HoldReport

        package init(namespace: String, hold: HoldReport) {
            self.namespace = namespace
            self.hold = hold
        }
    }

    /// The latest trouble.
    package struct LastError: Sendable, Equatable, Codable {
        /// RFC 3339, UTC.
        package var at: String
        package var message: String

        /// - Parameter at: Unix milliseconds.
        package init(at: Int64, message: String) {
            self.at = Timestamp.text(milliseconds: at)
            self.message = message
        }
    }

    /// The index's URL, normalised.
    package var host: String
    /// `vectors` or `records`.
    package var api: String
    /// `grpc` or `rest`.
    package var transport: String
    /// Absent while all is well.
    package var hold: HoldReport?
    package var paused = false
    package var inFlight = StatusReport.InFlight()
    /// Requests whose outcome is not known.
    package var unresolved = 0
    /// Beyond so many of them nothing new is sent.
    package var unresolvedMax = 0
    /// 0 to 1; at a half or less, requests go one at a time.
    package var retryBudget = 1.0
    /// Namespaces that are held while the others go on; at most 100 are listed.
    package var heldNamespaces: [NamespaceHoldReport] = []
    /// How many there are.
    package var heldNamespacesCount = 0
    /// Requests allowed in flight at the moment.
    package var concurrency = 0
    /// Bytes that a request may have at the moment; absent while the published bound holds.
    package var bytesBound: Int?
    /// Records that wait for this target, in flight included.
    package var queuedRecords = 0
    /// Dimension of dense vectors; absent where it is not known.
    package var dimension: Int?
    package var lastError: LastError?

    package init(host: String, api: String, transport: String) {
        self.host = host
        self.api = api
        self.transport = transport
    }
}
