import UpsertCore

/// What must not be sent yet because an attempt failed (times in Unix milliseconds).
struct ModelWaits {
    private var attempts: [TargetDelivery.AttemptID: Int64] = [:]
    private var lanes: [LaneNumber: Int64] = [:]
    private var everything: Int64 = 0
    /// When the held target was last probed.
    private var probedAt: Int64?

    /// Notes that an attempt was answered: what it waited for is over, and a success ends the wait of its namespace.
    mutating func answered(_ request: ModelDaemon.Request, _ outcome: Outcome) {
        attempts[request.id] = nil
        switch outcome {
        case .acknowledged, .noEffect: lanes[request.batch.lane] = nil
        default: break
        }
    }

    mutating func note(_ request: ModelDaemon.Request, _ outcome: Outcome, until: Int64) {
        switch outcome {
        case .ambiguous: attempts[request.id] = until
        case .retry(_, let throttled, _) where throttled: lanes[request.batch.lane] = until
        default: everything = max(everything, until)
        }
    }

    /// - Parameter isProbe: Whether the target is held, so that only probes go, one an interval at most.
    mutating func checkSent(
        _ id: TargetDelivery.AttemptID, _ lane: LaneNumber, isProbe: Bool, _ probeInterval: Int64, now: Int64
    ) throws {
        if isProbe {
            if let probedAt, now < probedAt + probeInterval {
                throw Violation(.backoff, "attempt \(id) probes at \(now), the last probe was at \(probedAt)")
            }
            probedAt = now
            return
        }
        probedAt = nil
        let earliest = max(everything, attempts[id] ?? 0, lanes[lane] ?? 0)
        guard now >= earliest else {
            throw Violation(.backoff, "attempt \(id) is sent at \(now), before \(earliest)")
        }
    }
}
