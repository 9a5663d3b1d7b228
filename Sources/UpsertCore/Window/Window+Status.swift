extension Window {
    /// Unix milliseconds at which the oldest queued record was accepted; nil when nothing is queued.
    package var oldestAcceptedAt: Int64? { figures.oldestAcceptedAt }

    /// Whether a version of `key` waits or is in flight, as far as the index reaches.
    package func hasVersion(of key: RecordKey) -> Bool { index[key] != nil }

    /// Chunks of a lane whose records are not in the key index, oldest first.
    package func coldSequences(of lane: LaneNumber) -> [Int64] {
        guard let lane = lanes[lane], lane.hasCold else { return [] }
        return lane.cold[lane.coldHead...].compactMap { chunks[Int($0)]?.sequence }
    }

    /// Keys held because an outcome was ambiguous.
    package var heldKeys: Int { holds.count }

    /// Queued records by target.
    package var queuedByTarget: [String: Int] { figures.recordsByTarget }
}
