/// Notices when a namespace refuses record after record for the same reason, which is a setting and not a bad record.
struct RefusalStreak: Sendable {
    /// Refusals of single records in a row, with the same message and no success between, that hold the namespace.
    static let countMax = 20

    private var streaks: [LaneNumber: (message: String, count: Int)] = [:]

    /// Counts a refusal; true when the namespace should be held instead of quarantining once more.
    mutating func refused(_ lane: LaneNumber, _ message: String) -> Bool {
        let normal = RefusalReason.normalised(message)
        let known = streaks[lane]
        let count = known?.message == normal ? (known?.count ?? 0) + 1 : 1
        streaks[lane] = (normal, count)
        return count > Self.countMax
    }

    mutating func succeeded(_ lane: LaneNumber) {
        if !streaks.isEmpty { streaks[lane] = nil }
    }
}
