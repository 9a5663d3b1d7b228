package import UpsertCore
internal import UpsertSQLite

/// What became of a batch for good.
package struct Settlement: Sendable {
    /// How its records leave the queue.
    package enum Result: Sendable {
        case delivered
        case noEffect
        /// Refused by the server, with its words; the batch has one record.
        case quarantined(reason: String)
    }

    package var batch: Batch
    package var result: Result
    /// Until when a different version of these keys must wait (Unix milliseconds); nil when nothing was ambiguous.
    package var holdUntil: Int64?

    package init(batch: Batch, result: Result, holdUntil: Int64?) {
        self.batch = batch
        self.result = result
        self.holdUntil = holdUntil
    }
}

/// Changes of settled batches that are not on disk yet; they stay here until a commit succeeds.
struct UnsettledChanges {
    var totals = Totals()
    var submissions: [Int64: SubmissionCounts] = [:]
    var quarantined: [QuarantineEntry] = []
    var isEmpty = true
}

extension Queue {
    /// Takes the next batch for a target; its records stay queued, marked as taken.
    package func take(target: String, rules: TakeRules) throws -> Take {
        try checkUsable()
        guard rules.now >= nothingBefore else { return .wait(until: nothingBefore) }
        let clock = ThreadClock()
        try warmUp(now: rules.now)
        // Where a restart could not tell which records are superseded, that must be on disk before a newer version goes out,
        // or an older one might be sent after it: with more records than the index holds, and where an update replaced one.
        if window.supersededUnsaved > 0,
            mustStoreSuperseded || window.queuedRecords + window.supersededUnsaved > options.indexRecordsMax
        {
            try flush(now: rules.now)
        }
        let take = try window.take(target: target, rules: rules) { slot, sequence in
            try content(slot: slot, sequence: sequence)
        }
        if case .batch(let batch) = take {
            keep(contentsOf: batch)
            stages.take += StageTotals(records: batch.count, bytes: batch.bytes, cpuNanoseconds: clock.elapsed)
        }
        return take
    }

    /// Keeps in memory what is left of a batch's chunks. A batch holds its own bytes, so that a chunk with nothing left makes
    /// room for one that was accepted meanwhile: however long requests are on the wire, the next ones are not read back.
    private func keep(contentsOf batch: Batch) {
        for (slot, content) in batch.contents {
            guard let chunk = window.waiting(slot: slot) else { continue }
            if chunk.records > 0 {
                contents.insert(content, chunk.sequence)
            } else {
                contents.remove(chunk.sequence)
            }
        }
    }

    /// Puts back a batch that was not applied for certain; its records wait again.
    ///
    /// They wait for a while at least, so their chunks leave memory to those that can be sent.
    package func putBack(_ batch: Batch, now: Int64) {
        for slot in batch.contents.keys {
            if let chunk = window.waiting(slot: slot) { contents.remove(chunk.sequence) }
        }
        window.putBack(batch, now: now)
    }

    /// Lets the records of batches leave the queue, in one commit.
    ///
    /// - Throws: ``QueueError`` when the commit failed. The records will not be sent again by this process; call
    ///   ``flush(now:)`` until it succeeds.
    package func settle(_ settlements: [Settlement], now: Int64) throws {
        let clock = ThreadClock()
        defer { stages.settle.cpuNanoseconds += clock.elapsed }
        for settlement in settlements {
            note(settlement, now: now)
            stages.settle += StageTotals(records: settlement.batch.count, bytes: settlement.batch.bytes)
        }
        try flush(now: now)
    }

    /// Stores what was settled and superseded since the last commit.
    package func flush(now: Int64) throws {
        try checkUsable()
        let unsaved = window.unsaved()
        guard !unsettled.isEmpty || !unsaved.changed.isEmpty || !unsaved.dead.isEmpty else { return }
        var changed = totals
        changed += unsettled.totals
        changed.coalescedRecords += window.supersededUnsaved
        try markSuperseded(&unsettled.quarantined)
        try commit {
            try save(unsaved, now: now)
            for (submission, counts) in unsettled.submissions { try add(counts, to: submission, now: now) }
            for entry in unsettled.quarantined { try insert(entry) }
            try changed.store(connection)
        }
        totals = changed
        window.saved(unsaved)
        mustStoreSuperseded = false
        for dead in unsaved.dead { contents.remove(dead.sequence) }
        quarantined(unsettled.quarantined)
        quarantinedCurrent += unsettled.quarantined.count
        unsettled = UnsettledChanges()
    }

    private func note(_ settlement: Settlement, now: Int64) {
        let batch = settlement.batch
        let kind: WritableKeyPath<SubmissionCounts, Int>
        var change = Totals()
        change.deliveredRequests = 1
        switch settlement.result {
        case .delivered:
            change.deliveredRecords = batch.count
            change.deliveredBytes = batch.bytes
            kind = \.delivered
        case .noEffect:
            change.noEffectRecords = batch.count
            kind = \.noEffect
        case .quarantined(let reason):
            change.deliveredRequests = 0
            change.quarantinedRecords = batch.count
            kind = \.quarantined
            for index in 0..<batch.count { unsettled.quarantined.append(quarantineEntry(batch, index, reason, now)) }
        }
        unsettled.totals += change
        for (submission, records) in window.submissions(of: batch) {
            unsettled.submissions[submission, default: SubmissionCounts()][keyPath: kind] += records
        }
        unsettled.isEmpty = false
        window.settle(batch, holdUntil: settlement.holdUntil, now: now)
    }

    /// The content of a chunk, from memory or disk.
    ///
    /// - Throws: ``QueueError``; with code `damaged` when it is not what was accepted.
    func content(slot: UInt32, sequence: Int64) throws -> ChunkContent {
        if let kept = contents[sequence] { return kept }
        do {
            return try StoredChunk.content(of: sequence, connection)
        } catch {
            throw note(error)
        }
    }

    /// Takes chunks beyond the index's bound into it as room comes free, oldest first.
    private func warmUp(now: Int64) throws {
        guard window.coldChunks > 0 else { return }
        for lane in window.coldLanes {
            while let next = window.nextCold(in: lane) {
                let keys = try directory(next.sequence).keys
                window.warmFirst(of: lane, keys: keys, now: now)
            }
        }
    }

    /// The directory of a chunk, from disk.
    func directory(_ sequence: Int64) throws -> ChunkDirectory {
        do {
            return try StoredChunk.directory(of: sequence, connection)
        } catch {
            throw note(error)
        }
    }
}
