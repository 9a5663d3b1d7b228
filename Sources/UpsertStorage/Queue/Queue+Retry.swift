internal import UpsertCore
internal import UpsertSQLite

/// A quarantined record that was left as it is, and why.
package struct QuarantineRefusal: Sendable, Equatable {
    package var number: Int64
    /// Whether there is no such record, instead of one that may not be changed so.
    package var isAbsent: Bool
    /// One sentence: what, why, what to do.
    package var message: String

    package init(number: Int64, isAbsent: Bool, message: String) {
        self.number = number
        self.isAbsent = isAbsent
        self.message = message
    }
}

extension Queue {
    /// Puts quarantined records back into the queue, each as the newest write for its id, in one commit and in the order
    /// given.
    ///
    /// - Parameter force: Also where a newer write for the same id was accepted since, which the old one then overwrites.
    /// - Returns: Those left in quarantine.
    /// - Throws: ``QueueError``; then nothing has changed.
    package func retryQuarantined(_ numbers: [Int64], force: Bool, now: Int64) throws -> [QuarantineRefusal] {
        var refusals: [QuarantineRefusal] = []
        var retried: [(entry: QuarantineEntry, encoding: Encoding)] = []
        var keys: Set<RecordKey> = []
        for number in numbers {
            guard let entry = try present(number, &refusals) else { continue }
            func refuse(_ why: String) {
                refusals.append(QuarantineRefusal(number: number, isAbsent: false, message: "record \(number) \(why)"))
            }
            if let encoding = entry.encoding {
                if entry.superseded, !force {
                    refuse(
                        "(id \(entry.id)) is superseded by a newer write; retry it with --force to overwrite that, "
                            + "or drop it")
                } else if !force, !keys.insert(entry.key).inserted {
                    refuse("(id \(entry.id)) is another write for an id that is retried here; retry it by itself")
                } else {
                    retried.append((entry, encoding))
                }
            } else {
                refuse("is not valid (\(entry.reason)); mend it with: upsertctl quarantine retry \(number) --edit")
            }
        }
        guard !retried.isEmpty else { return refusals }
        var sequences: [Int64] = []
        try commitAdding {
            sequences = []
            for (entry, encoding) in retried {
                try delete(entry, counts: SubmissionCounts(quarantined: -1), now: now)
                // It is the newest write of its id now, whatever else of that id lies in quarantine.
                try supersedeQuarantined(entry.key)
                sequences.append(try requeue(entry, encoding, now: now))
            }
        }
        for (sequence, (entry, encoding)) in zip(sequences, retried) {
            quarantinedKeys.remove(entry.key)
            forget(entry)
            let chunk = ChunkState(
                sequence: sequence, lane: entry.lane, operation: entry.operation, encoding: encoding,
                submissions: SubmissionRuns(entry.submission), acceptedAt: now, records: 1, bytes: entry.data.count,
                done: Bitmap(count: 1), found: false)
            window.append(chunk, keys: [entry.key], now: now)
        }
        return refusals
    }

    /// Deletes quarantined records for good, in one commit.
    ///
    /// - Returns: Those that do not exist.
    /// - Throws: ``QueueError``; then nothing has changed.
    package func dropQuarantined(_ numbers: [Int64], now: Int64) throws -> [QuarantineRefusal] {
        var refusals: [QuarantineRefusal] = []
        let entries = try Set(numbers).sorted().compactMap { try present($0, &refusals) }
        guard !entries.isEmpty else { return refusals }
        var changed = totals
        changed.droppedRecords += entries.count
        try commit {
            for entry in entries { try delete(entry, counts: SubmissionCounts(), now: now) }
            try changed.store(connection)
        }
        totals = changed
        for entry in entries {
            forget(entry)
            try rememberOthers(of: entry.key)
        }
        return refusals
    }

    private func present(_ number: Int64, _ refusals: inout [QuarantineRefusal]) throws -> QuarantineEntry? {
        do {
            return try quarantine(number: number)
        } catch let error as QueueError where error.code == .notFound {
            refusals.append(QuarantineRefusal(number: number, isAbsent: true, message: error.message))
            return nil
        }
    }

    private func requeue(_ entry: QuarantineEntry, _ encoding: Encoding, now: Int64) throws -> Int64 {
        var chunk = AcceptTransaction.Chunk(
            lane: entry.lane, submission: entry.submission, operation: entry.operation, encoding: encoding)
        chunk.payload = entry.data
        chunk.directory.append(key: entry.key, end: entry.data.count, weight: entry.weight)
        guard let sequence: Int64 = try insertChunk(chunk, now: now) else {
            throw QueueError(.unusable, "record \(entry.number) could not be stored again")
        }
        return sequence
    }

    /// Removes an entry's row; part of the caller's transaction.
    func delete(_ entry: QuarantineEntry, counts: SubmissionCounts, now: Int64) throws {
        let delete = try connection.statement("DELETE FROM quarantine WHERE number = ?")
        try delete.bind(1, entry.number)
        try delete.run()
        try add(counts, to: entry.submission, now: now)
    }

    /// Marks what is in quarantine for a key as obsolete: it stays listed, but retrying it needs force.
    func supersedeQuarantined(_ key: RecordKey) throws {
        let mark = try connection.statement("UPDATE quarantine SET superseded = 1 WHERE key_high = ? AND key_low = ?")
        try mark.bind(1, key.storedHigh)
        try mark.bind(2, key.storedLow)
        try mark.run()
    }

    /// Notes that an entry's row is gone.
    func forget(_ entry: QuarantineEntry) {
        quarantinedCurrent -= 1
        quarantinedByTarget[entry.target, default: 0] -= 1
        if quarantinedByTarget[entry.target] == 0 { quarantinedByTarget[entry.target] = nil }
    }

    /// Keeps a key known as long as a row of it is left that a newer write would make obsolete.
    func rememberOthers(of key: RecordKey) throws {
        let isLeft = try reading {
            let query = try connection.statement(
                "SELECT 1 FROM quarantine WHERE key_high = ? AND key_low = ? AND superseded = 0")
            defer { query.reset() }
            try query.bind(1, key.storedHigh)
            try query.bind(2, key.storedLow)
            return try query.step()
        }
        if !isLeft { quarantinedKeys.remove(key) }
    }
}

extension SubmissionCounts {
    init(superseded: Int = 0, quarantined: Int) {
        self.init()
        self.superseded = superseded
        self.quarantined = quarantined
    }
}
