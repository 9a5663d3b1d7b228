internal import UpsertCore
internal import UpsertSQLite

/// One record read out of a damaged queue.
package struct SalvagedRecord: Sendable {
    package var target: String
    /// One line of NDJSON, without its end, that can be dropped into a spool.
    package var line: String
    /// Whether it is not certain to be what was accepted: its chunk fails its checksum.
    package var isSuspect: Bool
    /// Whether it lies in quarantine and a newer write for its id was accepted since.
    package var isSuperseded: Bool
}

/// What a salvage could and could not read.
package struct SalvageResult: Sendable, Equatable {
    package var waiting = 0
    package var quarantined = 0
    package var superseded = 0
    package var suspect = 0
    /// Chunks of which nothing can be read.
    package var chunksLost = 0
    /// Whether rows may be missing that nobody can count, since pages that hold rows cannot be read.
    package var hasGaps = false

    package init() {}
}

extension StoppedQueue {
    /// Reads every record that can still be read: quarantined ones first, then those that wait, oldest first, so that of
    /// several versions the newest comes last. Damaged pages are passed over.
    ///
    /// - Throws: ``QueueError`` when not even the schema can be read, or what `visit` throws.
    package func salvage(_ visit: (SalvagedRecord) throws -> Void) throws -> SalvageResult {
        let connection: Connection
        do {
            connection = try openToRead()
            _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
        } catch {
            throw QueueError(.damaged, "\(path): nothing can be read, not even its schema (\(error))")
        }
        var result = SalvageResult()
        let lanes = SalvagedLanes(connection)
        if lanes.hasGaps { result.hasGaps = true }
        try salvageQuarantine(connection, &result, visit)
        let chunks = ReadableRows(connection, table: "chunk", key: "sequence")
        let payloads = ReadableRows(connection, table: "payload", key: "chunk")
        if chunks.hasGaps || payloads.hasGaps { result.hasGaps = true }
        result.chunksLost += Set(payloads.keys).subtracting(chunks.keys).count
        for sequence in chunks.keys {
            guard let chunk = SalvagedChunk(sequence, connection) else {
                result.chunksLost += 1
                continue
            }
            let lane = lanes[chunk.head.lane]
            for record in chunk.records {
                let line = RecordRendering.submitted(
                    record, chunk.head.operation, chunk.head.encoding, namespace: lane.namespace)
                let isSuspect = chunk.isSuspect || !lane.isKnown
                result.waiting += 1
                if isSuspect { result.suspect += 1 }
                try visit(
                    SalvagedRecord(target: lane.target, line: line, isSuspect: isSuspect, isSuperseded: false))
            }
        }
        return result
    }

    private func salvageQuarantine(
        _ connection: Connection, _ result: inout SalvageResult, _ visit: (SalvagedRecord) throws -> Void
    ) throws {
        let rows = ReadableRows(connection, table: "quarantine", key: "number")
        if rows.hasGaps { result.hasGaps = true }
        for number in rows.keys {
            guard let entry = quarantined(number, connection) else {
                result.hasGaps = true
                continue
            }
            result.quarantined += 1
            if entry.superseded { result.superseded += 1 }
            let line =
                entry.encoding.map {
                    RecordRendering.submitted(entry.data[...], entry.operation, $0, namespace: entry.namespace)
                } ?? quoted(entry.data)
            try visit(
                SalvagedRecord(
                    target: entry.target, line: line, isSuspect: false, isSuperseded: entry.superseded))
        }
    }

    private func quoted(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        unsafe bytes.withUnsafeBytes { unsafe appendJSONString($0, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    private func quarantined(_ number: Int64, _ connection: Connection) -> QuarantineEntry? {
        guard
            let query = try? connection.statement(Queue.selectQuarantine("data") + " WHERE quarantine.number = ?")
        else { return nil }
        defer { query.reset() }
        // A row that cannot be read is what this is for; it is counted by the caller.
        guard (try? query.bind(1, number)) != nil, (try? query.step()) == true else { return nil }
        return QuarantineEntry(query)
    }
}

/// The names that lanes stand for, as far as they can be read.
private struct SalvagedLanes {
    private var names: [LaneNumber: (target: String, namespace: String)] = [:]
    let hasGaps: Bool

    init(_ connection: Connection) {
        let rows = ReadableRows(connection, table: "lane", key: "number")
        hasGaps = rows.hasGaps
        for number in rows.keys {
            guard let query = try? connection.statement("SELECT target, namespace FROM lane WHERE number = ?") else {
                continue
            }
            defer { query.reset() }
            guard (try? query.bind(1, number)) != nil, (try? query.step()) == true else { continue }
            names[number] = (query.text(0), query.text(1))
        }
    }

    subscript(number: LaneNumber) -> (target: String, namespace: String, isKnown: Bool) {
        names[number].map { ($0.target, $0.namespace, true) } ?? ("unknown", "", false)
    }
}

/// What can be read of one chunk.
private struct SalvagedChunk {
    let head: StoredChunk.Head
    /// Its live records.
    let records: [ArraySlice<UInt8>]
    let isSuspect: Bool

    init?(_ sequence: Int64, _ connection: Connection) {
        guard let head = try? StoredChunk.head(of: sequence, connection) else { return nil }
        self.head = head
        let content: ChunkContent
        if let sound = try? StoredChunk.content(of: sequence, connection) {
            (content, isSuspect) = (sound, false)
        } else if let doubtful = try? StoredChunk.unchecked(of: sequence, connection) {
            (content, isSuspect) = (doubtful, true)
        } else {
            return nil
        }
        let count = content.directory.count
        // Without its progress, all of a chunk is taken as waiting: at least once.
        let done = (try? StoredChunk.done(of: sequence, records: count, connection)) ?? Bitmap(count: count)
        records = (0..<count).filter { !done[$0] }.map { content.payload[content.directory.range($0)] }
    }
}
