/// Keys for which a different version must not be sent yet, because an earlier request may still be applied.
///
/// Bounded: beyond ``countMax`` keys the whole namespace of a further key is held instead, which is safe and simple.
struct KeyHolds: Sendable {
    struct Hold: Sendable {
        /// Unix milliseconds.
        var until: Int64
        /// Whether a version waits for the end of this hold.
        var blocks: Bool
    }

    static let countMax = 200_000

    private(set) var holds: [RecordKey: Hold] = [:]
    /// The earliest end among `holds`.
    private var earliest: Int64 = .max

    var count: Int { holds.count }

    func until(_ key: RecordKey) -> Int64? { holds.isEmpty ? nil : holds[key]?.until }

    func blocks(_ key: RecordKey) -> Bool { holds.isEmpty ? false : holds[key]?.blocks ?? false }

    /// Holds a key until `until` (Unix milliseconds).
    ///
    /// - Parameter blocks: Whether a version waits for the end; it always has room, or nothing would offer it again.
    /// - Returns: False when there is no room, so that its namespace has to be held.
    mutating func insert(_ key: RecordKey, until: Int64, blocks: Bool) -> Bool {
        guard blocks || holds.count < Self.countMax || holds[key] != nil else { return false }
        let longer = max(until, holds[key]?.until ?? 0)
        holds[key] = Hold(until: longer, blocks: blocks || (holds[key]?.blocks ?? false))
        earliest = min(earliest, until)
        return true
    }

    /// Keys whose hold has not ended.
    func active(at now: Int64) -> [RecordKey] {
        holds.isEmpty ? [] : holds.compactMap { $0.value.until > now ? $0.key : nil }
    }

    mutating func block(_ key: RecordKey) { holds[key]?.blocks = true }

    /// The next time at which a hold ends.
    var nextEnd: Int64? { holds.isEmpty ? nil : earliest }

    /// Ends the holds whose time has come and returns the keys whose waiting version may go now.
    mutating func release(now: Int64) -> [RecordKey] {
        guard !holds.isEmpty, earliest <= now else { return [] }
        var released: [RecordKey] = []
        earliest = .max
        holds = holds.filter { key, hold in
            if hold.until > now {
                earliest = min(earliest, hold.until)
                return true
            }
            if hold.blocks { released.append(key) }
            return false
        }
        return released
    }
}
