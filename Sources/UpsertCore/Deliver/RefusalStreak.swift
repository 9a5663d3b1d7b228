/// Notices when a namespace refuses record after record for the same reason, which is a setting and not a bad record.
struct RefusalStreak: Sendable {
    /// Refusals of single records in a row, with the same message and no success between, that hold the namespace.
    static let countMax = 20

    private var streaks: [LaneNumber: (message: String, count: Int)] = [:]

    /// Counts a refusal; true when the namespace should be held instead of quarantining once more.
    mutating func refused(_ lane: LaneNumber, _ message: String) -> Bool {
        let normal = Self.normalised(message)
        let known = streaks[lane]
        let count = known?.message == normal ? (known?.count ?? 0) + 1 : 1
        streaks[lane] = (normal, count)
        return count > Self.countMax
    }

    mutating func succeeded(_ lane: LaneNumber) {
        if !streaks.isEmpty { streaks[lane] = nil }
    }

    /// The message without what differs from record to record: numbers and quoted text.
    static func normalised(_ message: String) -> String {
        var normal = ""
        var quote: Character?
        for character in message {
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
                normal.append(character)
            } else if character.isNumber {
                if normal.last != "#" { normal.append("#") }
            } else {
                normal.append(character)
            }
        }
        return normal
    }
}
