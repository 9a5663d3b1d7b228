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
    /// Rows in the quarantine by target.
    package var quarantinedByTarget: [String: Int] = [:]
    /// Bytes of the database file.
    package var fileBytes: Int
    /// Bytes kept on the disk for storing what was delivered when the rest is full: all that is configured, or 0 while
    /// they are in use.
    package var reserveBytes = 0
    /// Whether nothing is accepted because the disk is full.
    package var isDiskFull = false
    /// What the queue has done since it was opened.
    package var stages = QueueStages()
}

/// The queue's share of the record path.
package struct QueueStages: Sendable, Equatable {
    /// Commits that take records in; their encoded bytes.
    package var accept = StageTotals()
    /// Batches put together for requests.
    package var take = StageTotals()
    /// Commits that let records go.
    package var settle = StageTotals()

    package init() {}
}

extension Queue {
    /// The figures now.
    package func status() throws -> QueueStatus {
        var current = totals
        current += unsettled.totals
        // Superseded in memory counts as coalesced although the commit that says so is still to come.
        current.coalescedRecords += window.supersededUnsaved
        let pages = try reading { try connection.integer("PRAGMA page_count") }
        return QueueStatus(
            totals: current, queuedRecords: window.queuedRecords, queuedBytes: window.queuedBytes,
            oldestAcceptedAt: window.oldestAcceptedAt,
            quarantinedCurrent: quarantinedCurrent + unsettled.quarantined.count,
            heldKeys: window.heldKeys, queuedByTarget: window.queuedByTarget,
            quarantinedByTarget: quarantinedByTarget,
            fileBytes: Int(pages) * QueueFile.pageBytes, reserveBytes: reserve.isWhole ? reserve.bytes : 0,
            isDiskFull: room == .none, stages: stages)
    }
}
