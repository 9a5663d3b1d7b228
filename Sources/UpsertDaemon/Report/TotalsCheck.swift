/// Checks the law of the counters: accepted = delivered + coalesced + no effect + dropped + in quarantine + queued.
///
/// What was broken when the daemon started is said and counted on from, since a restart would find the same again. What
/// breaks while it runs was broken in memory, and a restart reads the truth back from disk.
package struct TotalsCheck: Sendable {
    /// What a check finds.
    package enum Verdict: Sendable, Equatable {
        case sound
        /// The counters were stored wrong; said once.
        case foundBroken(String)
        /// They went wrong in this process: the same on two checks running, said once.
        case broken(String)
    }

    /// Records missing on the right side, at the first check.
    private var expected: Int?
    private var suspected: Int?
    private var hasSpoken = false
    /// Whether the last check found them wrong for the first time, so that the next one decides.
    package var isSuspicious: Bool { suspected != nil && !hasSpoken }

    package init() {}

    /// Checks one snapshot.
    package mutating func verdict(_ report: StatusReport) -> Verdict {
        let missing = Self.missing(report)
        guard let expected else {
            expected = missing
            return missing == 0 ? .sound : .foundBroken(Self.text(report))
        }
        guard missing != expected, !hasSpoken else {
            suspected = nil
            return .sound
        }
        guard suspected == missing else {
            suspected = missing
            return .sound
        }
        hasSpoken = true
        return .broken(Self.text(report))
    }

    private static func missing(_ report: StatusReport) -> Int {
        report.accepted.records - report.delivered.records - report.coalesced.records - report.noEffect.records
            - report.dropped.records - report.quarantined.current - report.queued.records
    }

    private static func text(_ report: StatusReport) -> String {
        "accepted \(report.accepted.records) != delivered \(report.delivered.records) + coalesced "
            + "\(report.coalesced.records) + no effect \(report.noEffect.records) + dropped \(report.dropped.records)"
            + " + quarantined \(report.quarantined.current) + queued \(report.queued.records)"
    }
}
