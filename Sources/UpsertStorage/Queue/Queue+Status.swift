package import UpsertCore
internal import UpsertSQLite

/// The queue's figures at one moment.
package struct QueueStatus: Sendable, Equatable {
    package var totals: Totals
    /// Records accepted and not gone, in flight included.
    package var queuedRecords: Int
    package var queuedBytes: Int
    /// Unix milliseconds at which the oldest of them was accepted; nil when there is none.
    package var oldestAcceptedAt: Int64?
    /// Rows in the quarantine.
    package var quarantinedCurrent: Int
    /// Keys held because an outcome was ambiguous.
    package var heldKeys: Int
    /// Records by target.
    package var queuedByTarget: [String: Int]
    /// Bytes of the database file.
    package var fileBytes: Int
}

extension Queue {
    /// The figures now.
    package func status() throws -> QueueStatus {
        var current = totals
        current += unsettled.totals
        // Superseded in memory counts as coalesced although the commit that says so is still to come.
        current.coalescedRecords += window.supersededUnsaved
        let pages = try connection.integer("PRAGMA page_count") * connection.integer("PRAGMA page_size")
        return QueueStatus(
            totals: current, queuedRecords: window.queuedRecords, queuedBytes: window.queuedBytes,
            oldestAcceptedAt: window.oldestAcceptedAt,
            quarantinedCurrent: quarantinedCurrent + unsettled.quarantined.count,
            heldKeys: window.heldKeys, queuedByTarget: window.queuedByTarget(), fileBytes: Int(pages))
    }
}
