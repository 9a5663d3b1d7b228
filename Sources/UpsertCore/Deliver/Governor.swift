/// What one namespace may be sent per second; nil where nothing is governed.
///
/// Presets: docs.pinecone.io "Rate limits" (per namespace): upsert 50 MB/s and 100 requests/s, update 100 requests/s, delete
/// 100 requests/s and 5,000 records/s.
package struct GovernorLimits: Sendable, Equatable {
    /// Encoded bytes of upserts.
    package var upsertBytes: Int?
    package var upsertRequests: Int?
    /// Each update is a request of its own, so this bounds updated records too.
    package var updateRequests: Int?
    package var deleteRequests: Int?
    /// Deleted ids.
    package var deleteRecords: Int?

    /// Governs nothing, as for hosts that are not the vendor's.
    package static let none = GovernorLimits()

    /// The vendor's published ceilings.
    package static let published: GovernorLimits = {
        var limits = GovernorLimits()
        limits.upsertBytes = 50_000_000
        limits.upsertRequests = 100
        limits.updateRequests = 100
        limits.deleteRequests = 100
        limits.deleteRecords = 5_000
        return limits
    }()

    package init() {}

    /// Requests a second for an operation.
    func requests(_ operation: OperationKind) -> Int? {
        switch operation {
        case .upsert: upsertRequests
        case .update: updateRequests
        case .delete: deleteRequests
        }
    }
}

/// Keeps each namespace under its rate limits: one token bucket for each (namespace, operation) and measure.
///
/// A bucket holds one second's worth and may be overdrawn by one request, whose debt delays the next: the generic cell rate
/// algorithm (ITU-T I.371), which needs one time per bucket. Only buckets in use are kept.
struct Governor: Sendable {
    private struct Key: Hashable {
        var lane: LaneNumber
        var operation: OperationKind
    }

    /// When each bucket is full again (Unix microseconds).
    private struct Buckets {
        var requests: Int64 = 0
        var amount: Int64 = 0
    }

    /// What a bucket holds, in time: one second.
    private static let burst: Int64 = 1_000_000

    var limits: GovernorLimits
    private var buckets: [Key: Buckets] = [:]
    private var pruneAt = 4_096

    init(_ limits: GovernorLimits) { self.limits = limits }

    /// Namespaces that were sent to within the last seconds.
    var count: Int { buckets.count }

    /// When the next request of a namespace may go (Unix milliseconds); at most `now` when it may go at once.
    func readyTime(_ lane: LaneNumber, _ operation: OperationKind) -> Int64 {
        guard !buckets.isEmpty, let used = buckets[Key(lane: lane, operation: operation)] else { return 0 }
        // Rounded up: a request never goes early.
        return (max(used.requests, used.amount) - Self.burst + 999) / 1_000
    }

    /// Counts a request that is being sent.
    ///
    /// - Parameters:
    ///   - records: Records or ids in it.
    ///   - bytes: Encoded bytes.
    mutating func charge(_ lane: LaneNumber, _ operation: OperationKind, records: Int, bytes: Int, now: Int64) {
        guard limits != .none else { return }
        let key = Key(lane: lane, operation: operation)
        var used = buckets[key] ?? Buckets()
        used.requests = Self.advance(used.requests, by: 1, rate: limits.requests(operation), now: now)
        switch operation {
        case .upsert: used.amount = Self.advance(used.amount, by: bytes, rate: limits.upsertBytes, now: now)
        case .update: break
        case .delete: used.amount = Self.advance(used.amount, by: records, rate: limits.deleteRecords, now: now)
        }
        buckets[key] = used
        if buckets.count >= pruneAt { prune(now: now) }
    }

    private static func advance(_ fullAt: Int64, by amount: Int, rate: Int?, now: Int64) -> Int64 {
        guard let rate else { return 0 }
        return max(fullAt, now * 1_000) + Int64(amount) * 1_000_000 / Int64(max(1, rate))
    }

    /// Forgets full buckets, so that memory is bounded by the namespaces sent to at the same time.
    private mutating func prune(now: Int64) {
        buckets = buckets.filter { max($0.value.requests, $0.value.amount) > now * 1_000 }
        pruneAt = max(4_096, buckets.count * 2)
    }
}
