/// Counters since the queue was created. They are stored with every commit, so they never disagree with the records.
///
/// `accepted = delivered + coalesced + noEffect + dropped + quarantined (current) + queued`, always.
package struct Totals: Sendable, Equatable {
    package var acceptedRecords = 0
    package var acceptedBytes = 0
    package var deliveredRecords = 0
    package var deliveredRequests = 0
    package var deliveredBytes = 0
    package var coalescedRecords = 0
    package var noEffectRecords = 0
    package var rejectedRecords = 0
    /// Ever quarantined.
    package var quarantinedRecords = 0
    package var droppedRecords = 0

    package init() {}

    /// Records accepted and not gone, as the identity above says.
    ///
    /// - Parameter quarantined: Records in the quarantine now.
    package func queuedRecords(quarantined: Int) -> Int {
        acceptedRecords - deliveredRecords - coalescedRecords - noEffectRecords - droppedRecords - quarantined
    }

    /// Sums counter by counter.
    package static func += (left: inout Totals, right: Totals) {
        left.acceptedRecords += right.acceptedRecords
        left.acceptedBytes += right.acceptedBytes
        left.deliveredRecords += right.deliveredRecords
        left.deliveredRequests += right.deliveredRequests
        left.deliveredBytes += right.deliveredBytes
        left.coalescedRecords += right.coalescedRecords
        left.noEffectRecords += right.noEffectRecords
        left.rejectedRecords += right.rejectedRecords
        left.quarantinedRecords += right.quarantinedRecords
        left.droppedRecords += right.droppedRecords
    }
}
