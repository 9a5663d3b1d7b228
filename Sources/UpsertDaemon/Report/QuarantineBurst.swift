/// Keeps a flood of quarantined records from flooding the journal: the first few of a while are said one by one, the rest
/// in one summary when the while is over.
struct QuarantineBurst {
    /// What is to be said of the records kept back.
    struct Summary: Equatable {
        var records: Int
        /// Milliseconds since the first of the while.
        var duration: Int64
        /// The server's words for the last one.
        var reason: String
    }

    /// Records said one by one in each while.
    static let singlesMax = 5
    /// Milliseconds.
    static let length: Int64 = 10_000

    private var beganAt: Int64?
    private var seen = 0
    private var latest = ""

    /// Notes a record.
    ///
    /// - Parameter now: Milliseconds.
    /// - Returns: Whether to say it by itself.
    mutating func note(_ reason: String, now: Int64) -> Bool {
        if beganAt == nil { beganAt = now }
        seen += 1
        latest = reason
        return seen <= Self.singlesMax
    }

    /// Ends the while if it is over, or if `atOnce`.
    ///
    /// - Returns: What was kept back in it; nil where nothing was, or while it lasts.
    mutating func summary(now: Int64, atOnce: Bool = false) -> Summary? {
        guard let began = beganAt, atOnce || now - began >= Self.length || now < began else { return nil }
        let kept = seen - Self.singlesMax
        let summary = Summary(records: kept, duration: max(0, now - began), reason: latest)
        beganAt = nil
        seen = 0
        return kept > 0 ? summary : nil
    }
}
