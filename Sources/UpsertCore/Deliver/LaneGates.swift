/// Whether a namespace may be sent to now.
package enum LaneAdmission: Sendable, Equatable {
    case open
    /// One record only, to find out whether a hold is over.
    case probe
    /// Not before this time (Unix milliseconds); `.max` while an answer decides.
    case closed(until: Int64)
}

/// Why single namespaces of a target wait while the others go on: held, or backing off.
struct LaneGates: Sendable {
    struct LaneHold: Sendable {
        var hold: Hold
        var namespace: String
        /// Unix milliseconds.
        var since: Int64
        /// When the next probe may go (Unix milliseconds).
        var probeAt: Int64
        /// Milliseconds between probes; doubles.
        var probeDelay: Int64
        /// The number of the request that is the probe; nil while none is on the wire.
        var probe: Int?
    }

    private struct LaneBackoff: Sendable {
        var failures: Int
        var until: Int64
        /// Requests that the target had been sent when the latest failure was counted.
        var requests: Int
    }

    private(set) var holds: [LaneNumber: LaneHold] = [:]
    private var backoffs: [LaneNumber: LaneBackoff] = [:]

    var isEmpty: Bool { holds.isEmpty && backoffs.isEmpty }

    func admission(_ lane: LaneNumber, now: Int64) -> LaneAdmission {
        let backoff = backoffs.isEmpty ? 0 : backoffs[lane]?.until ?? 0
        if let held = holds[lane] {
            if held.probe != nil { return .closed(until: .max) }
            // Not even a probe goes before the server's own "later" is over.
            let probeAt = max(held.probeAt, backoff)
            return probeAt > now ? .closed(until: probeAt) : .probe
        }
        if backoff > now { return .closed(until: backoff) }
        return .open
    }

    /// Holds a namespace, or notes that it still is; true when the hold is new.
    ///
    /// - Parameter wasProbe: What ``endProbe(_:request:now:)`` has returned for the request that says so.
    mutating func hold(
        _ lane: LaneNumber, namespace: String, _ hold: Hold, wasProbe: Bool, settings: DeliverySettings, now: Int64
    ) -> Bool {
        if var known = holds[lane] {
            // Other requests that were on the wire say the same; only a probe's answer makes the next probe later.
            if wasProbe {
                known.probeDelay = min(settings.probeIntervalMax, known.probeDelay * 2)
                known.probeAt = now + known.probeDelay
            }
            known.hold = hold
            holds[lane] = known
            return false
        }
        holds[lane] = LaneHold(
            hold: hold, namespace: namespace, since: now, probeAt: now + settings.probeInterval,
            probeDelay: settings.probeInterval)
        return true
    }

    /// Notes that a request to the namespace is on the wire; if it is held, that is its probe.
    mutating func sent(_ lane: LaneNumber, request: Int) {
        if holds[lane] != nil, holds[lane]?.probe == nil { holds[lane]?.probe = request }
    }

    /// Notes that a request to the namespace has ended, whatever came of it; true if it was the probe. Unless its answer
    /// decides, the namespace is probed again after the usual time.
    mutating func endProbe(_ lane: LaneNumber, request: Int, now: Int64) -> Bool {
        guard !holds.isEmpty, var held = holds[lane], held.probe == request else { return false }
        held.probe = nil
        held.probeAt = now + held.probeDelay
        holds[lane] = held
        return true
    }

    /// Lets all held namespaces be probed at once.
    mutating func probeNow(now: Int64) {
        for lane in holds.keys { holds[lane]?.probeAt = now }
    }

    /// Notes that the index took a request of the namespace; returns the hold that is over.
    mutating func succeeded(_ lane: LaneNumber) -> LaneHold? {
        // A wait that the server has asked for is kept, whatever another request of the namespace came to.
        if !backoffs.isEmpty { backoffs[lane]?.failures = 0 }
        return holds.isEmpty ? nil : holds.removeValue(forKey: lane)
    }

    /// Lets a namespace wait after a failure; requests that were on the wire together count as one.
    ///
    /// - Parameters:
    ///   - request: The number of the request that failed.
    ///   - requests: Requests sent to the target so far.
    ///   - delay: Milliseconds to wait after a number of failures in a row.
    /// - Returns: Failures in a row, and milliseconds until the namespace may be sent to.
    mutating func backOff(
        _ lane: LaneNumber, request: Int, requests: Int, now: Int64, delay: (_ failures: Int) -> Int64
    ) -> (failures: Int, delay: Int64) {
        var backoff = backoffs[lane] ?? LaneBackoff(failures: 0, until: 0, requests: 0)
        // One that was on the wire with a failure that a success has since forgotten is the first of a new row.
        if request > backoff.requests || backoff.failures == 0 {
            backoff.failures += 1
            backoff.requests = requests
        }
        backoff.until = max(backoff.until, now + delay(backoff.failures))
        backoffs[lane] = backoff
        // Bounded: namespaces whose wait has long been over are forgotten.
        if backoffs.count > 4_096 { backoffs = backoffs.filter { $0.value.until + 60_000 > now } }
        return (backoff.failures, backoff.until - now)
    }
}
