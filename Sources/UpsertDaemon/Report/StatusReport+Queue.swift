internal import UpsertCore
package import UpsertStorage

extension StatusReport {
    /// Takes over the queue's figures.
    ///
    /// - Parameter now: Unix milliseconds.
    package mutating func take(_ status: QueueStatus, startedUnclean: Bool, now: Int64) {
        take(status.totals)
        queued.records = status.queuedRecords
        queued.bytes = status.queuedBytes
        queued.oldestAgeSeconds = status.oldestAcceptedAt.map { Double(max(0, now - $0)) / 1_000 } ?? 0
        quarantined.current = status.quarantinedCurrent
        heldKeys = status.heldKeys
        queue.fileBytes = status.fileBytes
        queue.startedUnclean = startedUnclean
        stages.accept = .init(status.stages.accept)
        stages.take = .init(status.stages.take)
        stages.settle = .init(status.stages.settle)
        stages.send.records = stages.settle.records
        stages.send.bytes = stages.settle.bytes
        queue.diskFull = status.isDiskFull
        queue.reserveBytes = status.reserveBytes
        for (name, records) in status.queuedByTarget { targets[name]?.queuedRecords = records }
        orphaned = status.orphans(besides: Array(targets.keys)).mapValues {
            Orphan(queuedRecords: $0.records, quarantinedRecords: $0.quarantined)
        }
    }

    private mutating func take(_ totals: Totals) {
        accepted.records = totals.acceptedRecords
        accepted.bytes = totals.acceptedBytes
        delivered.records = totals.deliveredRecords
        delivered.requests = totals.deliveredRequests
        delivered.bytes = totals.deliveredBytes
        coalesced.records = totals.coalescedRecords
        noEffect.records = totals.noEffectRecords
        rejected.records = totals.rejectedRecords
        quarantined.records = totals.quarantinedRecords
        dropped.records = totals.droppedRecords
    }

    /// Sums up targets, spools and outboxes into ``inFlight`` and ``idle``; call once they and the queue are filled in.
    package mutating func summarise() {
        inFlight.requests = targets.values.reduce(0) { $0 + $1.inFlight.requests }
        inFlight.records = targets.values.reduce(0) { $0 + $1.inFlight.records }
        idle =
            state != .starting && queued.records == 0 && inFlight.requests == 0
            && spools.allSatisfy { $0.incoming == 0 && $0.claimed == 0 } && outboxes.allSatisfy { $0.state == .idle }
    }
}
