/// Records delivered a second, over the last ten seconds or so.
package struct DeliveryRate: Sendable {
    private var samples: [(at: Int64, records: Int)] = []
    /// Milliseconds over which the rate is taken.
    private static let window: Int64 = 10_000

    package init() {}

    /// Notes the counter of delivered records.
    ///
    /// - Parameter now: Milliseconds of a clock that never goes back.
    /// - Returns: The rate now; 0 after the first call.
    package mutating func note(_ records: Int, now: Int64) -> Double {
        if let last = samples.last, now <= last.at { samples.removeLast() }
        samples.append((now, records))
        // The oldest sample kept is the youngest one that is a window old, so that the rate always spans the window.
        while samples.count > 2, samples[1].at <= now - Self.window { samples.removeFirst() }
        guard let first = samples.first, first.at < now else { return 0 }
        return Double(max(0, records - first.records)) * 1_000 / Double(now - first.at)
    }
}
