/// Limits how much of the traffic to a target may be repeats: when most attempts fail, requests go one at a time.
///
/// Tokens as in gRPC's retry throttling (gRFC A6) and the official SDK: 100 to begin with, one less for each failed attempt, a
/// tenth more for each success; exhausted at half. Nothing is given up when it is: the queue waits, it does not discard.
struct RetryBudget: Sendable, Equatable {
    /// In tenths of a token.
    private static let full = 1_000
    private static let failureCost = 10
    private static let successGain = 1

    private var tokens = Self.full

    /// Whether repeats are too many: then one request at a time.
    var isExhausted: Bool { tokens <= Self.full / 2 }

    /// 0…1, for status.
    var fraction: Double { Double(tokens) / Double(Self.full) }

    mutating func failed() { tokens = max(0, tokens - Self.failureCost) }

    /// - Parameter count: Successes, each a request.
    mutating func succeeded(_ count: Int = 1) { tokens = min(Self.full, tokens + count * Self.successGain) }
}
