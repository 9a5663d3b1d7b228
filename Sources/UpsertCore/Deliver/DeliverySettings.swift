/// How one target is delivered to.
package struct DeliverySettings: Sendable, Equatable {
    /// Requests in flight at once, at most.
    package var requestsInFlightMax: Int
    /// Requests whose outcome is not known, at most; then nothing new is sent.
    package var unresolvedMax: Int
    /// Milliseconds for which a different version of a record waits after an ambiguous outcome.
    package var ambiguousHold: Int64
    /// Milliseconds between probes of a target or namespace that is held; doubles up to ``probeIntervalMax``.
    package var probeInterval: Int64
    /// Milliseconds.
    package var probeIntervalMax: Int64
    package var backoff: Backoff
    /// What each namespace may be sent per second.
    package var governor: GovernorLimits

    package init(
        requestsInFlightMax: Int = 12, unresolvedMax: Int = 16, ambiguousHold: Int64 = 60_000,
        probeInterval: Int64 = 15_000,
        probeIntervalMax: Int64 = 300_000, backoff: Backoff = Backoff(),
        governor: GovernorLimits = .none
    ) {
        self.requestsInFlightMax = requestsInFlightMax
        self.unresolvedMax = unresolvedMax
        self.ambiguousHold = ambiguousHold
        self.probeInterval = probeInterval
        self.probeIntervalMax = probeIntervalMax
        self.backoff = backoff
        self.governor = governor
    }
}
