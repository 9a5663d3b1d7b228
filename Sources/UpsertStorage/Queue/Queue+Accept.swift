internal import UpsertCore
internal import UpsertSQLite

extension Queue {
    /// Makes records durable, with the progress of the sources they came from, in one commit.
    ///
    /// Updates of records that still wait are merged with them first, by the coalescing law.
    ///
    /// - Parameter now: Unix milliseconds.
    /// - Throws: ``QueueError``; then nothing has changed, on disk or in memory.
    package func accept(_ acceptance: Acceptance, now: Int64) throws -> AcceptResult {
        // This commit deletes chunks that are done, so what became of their records must not stay behind in memory.
        if !unsettled.isEmpty { try flush(now: now) }
        let clock = ThreadClock()
        var transaction = acceptance.transaction
        var merges = UpdateMerges()
        try merge(&transaction, &merges)
        guard merges.refused.isEmpty else { return .refused(merges.refused) }

        var changed = totals
        changed += Totals(
            accepting: transaction, merges: merges, rejected: acceptance.submissions.reduce(0) { $0 + $1.rejected })
        changed.acceptedRecords += acceptance.refusedRows.count
        changed.quarantinedRecords += acceptance.refusedRows.count
        let refused = acceptance.refusedRows.map { quarantineEntry($0, now: now) }
        let replaced = try acceptance.replacing.map { try quarantine(number: $0) }
        changed.coalescedRecords += replaced.count
        let obsolete = quarantinedKeys(in: transaction)
        let gone = window.unsaved(deadOnly: true)
        changed.coalescedRecords += gone.dead.reduce(0) { $0 + window.supersededUnsaved(slot: $1.slot) }
        var sequences: [Int64?] = []
        try commitAdding {
            for (name, number) in unsavedLanes { try insertLane(name, number) }
            sequences = try transaction.chunks.map { try insertChunk($0, now: now) }
            try save(gone, now: now)
            try save(acceptance, counts: transaction.submissions, merges: merges, now: now)
            for key in obsolete { try supersedeQuarantined(key) }
            for entry in replaced {
                try delete(entry, counts: SubmissionCounts(superseded: 1, quarantined: -1), now: now)
            }
            for entry in refused { try insert(entry) }
            try changed.store(connection)
        }
        unsavedLanes = []
        totals = changed
        quarantinedKeys.subtract(obsolete)
        for entry in replaced {
            forget(entry)
            try rememberOthers(of: entry.key)
        }
        quarantinedCurrent += refused.count
        quarantined(refused)
        window.saved(gone)
        for dead in gone.dead { contents.remove(dead.sequence) }
        admit(transaction, sequences, merges, now: now)
        if merges.replacesUpdates { mustStoreSuperseded = true }
        stages.accept += StageTotals(
            records: transaction.accepted, bytes: transaction.bytes, cpuNanoseconds: clock.elapsed)
        return .committed
    }

    private func admit(_ transaction: AcceptTransaction, _ sequences: [Int64?], _ merges: UpdateMerges, now: Int64) {
        for (number, chunk) in transaction.chunks.enumerated() {
            guard let sequence = sequences[number] else { continue }
            let content = ChunkContent(directory: chunk.directory, payload: chunk.payload)
            contents.insert(content, sequence)
            window.append(
                ChunkState(chunk, sequence: sequence, now: now), keys: chunk.directory.keys, now: now,
                merging: merges.replacing[UInt32(number)] ?? [:])
        }
    }

    private func insertLane(_ name: LaneName, _ number: LaneNumber) throws {
        let insert = try connection.statement("INSERT INTO lane VALUES (?, ?, ?)")
        try insert.bind(1, number)
        try insert.bind(2, name.target)
        try insert.bind(3, name.namespace)
        try insert.run()
    }

    /// Stores a chunk; nil when all its records were replaced within the transaction.
    func insertChunk(_ chunk: AcceptTransaction.Chunk, now: Int64) throws -> Int64? {
        guard chunk.replaced.count < chunk.directory.count else { return nil }
        let insert = try connection.statement(
            """
            INSERT INTO chunk
                (lane, submission, operation, encoding, accepted_at, records, bytes, checksum, directory, runs)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        let directory = chunk.directory.bytes
        try insert.bind(1, chunk.lane)
        try insert.bind(2, chunk.submissions.firstSubmission)
        try insert.bind(3, Int64(chunk.operation.rawValue))
        try insert.bind(4, Int64(chunk.encoding.rawValue))
        try insert.bind(5, now)
        try insert.bind(6, Int64(chunk.directory.count))
        try insert.bind(7, Int64(chunk.payload.count))
        try insert.bind(8, ChunkChecksum.of(directory: directory, payload: chunk.payload))
        try insert.bind(runs: chunk.submissions, at: 10)
        try unsafe directory.withUnsafeBytes { bytes in
            try unsafe insert.bindStatic(9, bytes)
            try insert.run()
        }
        let sequence = connection.lastInsertedRow
        let payload = try connection.statement("INSERT INTO payload VALUES (?, ?)")
        try payload.bind(1, sequence)
        try unsafe chunk.payload.withUnsafeBytes { bytes in
            try unsafe payload.bindStatic(2, bytes)
            try payload.run()
        }
        if !chunk.replaced.isEmpty { try saveProgress(sequence, chunk.done.bytes) }
        return sequence
    }

    /// The keys of a transaction that have a record in quarantine, which its writes make obsolete.
    private func quarantinedKeys(in transaction: AcceptTransaction) -> [RecordKey] {
        guard !quarantinedKeys.isEmpty else { return [] }
        var found: Set<RecordKey> = []
        for chunk in transaction.chunks { found.formUnion(chunk.directory.keys.lazy.filter(quarantinedKeys.contains)) }
        return Array(found)
    }
}

extension AcceptTransaction.Chunk {
    /// Bits of the replaced positions.
    var done: Bitmap {
        var done = Bitmap(count: directory.count)
        for position in replaced { done[position] = true }
        return done
    }
}

extension ChunkState {
    init(_ chunk: AcceptTransaction.Chunk, sequence: Int64, now: Int64) {
        self.init(
            sequence: sequence, lane: chunk.lane, operation: chunk.operation, encoding: chunk.encoding,
            submissions: chunk.submissions, acceptedAt: now, records: chunk.directory.count, bytes: chunk.payload.count,
            done: chunk.done, found: false)
    }
}

extension Totals {
    init(accepting transaction: AcceptTransaction, merges: UpdateMerges, rejected: Int) {
        self.init()
        acceptedRecords = transaction.accepted
        acceptedBytes = transaction.bytes
        coalescedRecords = transaction.coalesced
        noEffectRecords = transaction.noEffect + merges.noEffect.values.reduce(0, +)
        rejectedRecords = rejected
    }
}
