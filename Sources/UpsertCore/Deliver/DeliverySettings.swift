/// How one target is delivered to.
package struct DeliverySettings: Sendable, Equatable {
    /// Requests in flight at once, at most.
    package var requestsInFlightMax: Int
    /// Milliseconds for which a different version of a record waits after an ambiguous outcome.
    package var ambiguousHold: Int64
    /// Milliseconds between probes of a target or namespace that is held; doubles up to ``probeIntervalMax``.
    package var probeInterval: Int64
    /// Milliseconds.
    package var probeIntervalMax: Int64
    package var backoff: Backoff

    package init(
        requestsInFlightMax: Int = 8, ambiguousHold: Int64 = 60_000, probeInterval: Int64 = 15_000,
        probeIntervalMax: Int64 = 300_000, backoff: Backoff = Backoff()
    ) {
        self.requestsInFlightMax = requestsInFlightMax
        self.ambiguousHold = ambiguousHold
        self.probeInterval = probeInterval
        self.probeIntervalMax = probeIntervalMax
        self.backoff = backoff
    }
}
