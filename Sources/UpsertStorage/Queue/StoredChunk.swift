internal import UpsertCore
internal import UpsertSQLite

/// Reads single chunks back and refuses what cannot be what was stored.
enum StoredChunk {
    /// A chunk's directory and payload.
    ///
    /// - Throws: ``QueueDamage`` or `SQLiteError`.
    static func content(of sequence: Int64, _ connection: Connection) throws -> ChunkContent {
        let payload = try payload(of: sequence, connection)
        // A file of before migration 2, which only the doctor reads, has no checksums.
        let hasChecksums = try connection.integer("PRAGMA user_version") >= 2
        let query = try connection.statement(
            "SELECT directory, \(hasChecksums ? "checksum" : "NULL") FROM chunk WHERE sequence = ?")
        defer { query.reset() }
        try query.bind(1, sequence)
        guard try query.step() else { throw damaged(sequence, "it is missing") }
        let bytes = query.bytes(0)
        let sum = ChunkChecksum.of(directory: bytes, payload: payload)
        guard query.isNull(1) || query.integer(1) == sum else {
            throw damaged(sequence, "its checksum differs")
        }
        guard let directory = unsafe bytes.withUnsafeBytes({ unsafe ChunkDirectory(bytes: $0) }),
            Int(directory.ends.last ?? 0) == payload.count
        else { throw damaged(sequence, "its directory does not fit its payload of \(payload.count) bytes") }
        return ChunkContent(directory: directory, payload: payload)
    }

    /// A chunk's directory and payload without a look at its checksum; records that lie beyond the payload are left out.
    ///
    /// - Throws: ``QueueDamage`` or `SQLiteError`.
    static func unchecked(of sequence: Int64, _ connection: Connection) throws -> ChunkContent {
        let payload = try payload(of: sequence, connection)
        let stored = try directory(of: sequence, connection)
        var directory = ChunkDirectory()
        for position in 0..<stored.count where Int(stored.ends[position]) <= payload.count {
            directory.append(
                key: stored.keys[position], end: Int(stored.ends[position]), weight: Int(stored.weights[position]))
        }
        return ChunkContent(directory: directory, payload: payload)
    }

    /// A chunk's directory alone.
    ///
    /// - Throws: ``QueueDamage`` or `SQLiteError`.
    static func directory(of sequence: Int64, _ connection: Connection) throws -> ChunkDirectory {
        let query = try connection.statement("SELECT directory FROM chunk WHERE sequence = ?")
        defer { query.reset() }
        try query.bind(1, sequence)
        guard try query.step(), let directory = unsafe query.withBytes(0, { unsafe ChunkDirectory(bytes: $0) }) else {
            throw damaged(sequence, "its directory is missing or makes no sense")
        }
        return directory
    }

    /// What a chunk's row says of it.
    struct Head {
        var lane: LaneNumber
        var operation: OperationKind
        var encoding: Encoding
        var records: Int
    }

    /// A chunk's row without its directory; nil where it is missing or makes no sense.
    static func head(of sequence: Int64, _ connection: Connection) throws -> Head? {
        let query = try connection.statement("SELECT lane, operation, encoding, records FROM chunk WHERE sequence = ?")
        defer { query.reset() }
        try query.bind(1, sequence)
        guard try query.step(), let operation = OperationKind(rawValue: UInt8(clamping: query.integer(1))),
            let encoding = Encoding(rawValue: UInt8(clamping: query.integer(2)))
        else { return nil }
        return Head(
            lane: query.integer(0), operation: operation, encoding: encoding, records: Int(query.integer(3)))
    }

    /// Which records of a chunk have left.
    static func done(of sequence: Int64, records: Int, _ connection: Connection) throws -> Bitmap {
        let query = try connection.statement("SELECT done FROM progress WHERE chunk = ?")
        defer { query.reset() }
        try query.bind(1, sequence)
        return Bitmap(bytes: try query.step() ? query.bytes(0) : [], count: records)
    }

    private static func payload(of sequence: Int64, _ connection: Connection) throws -> [UInt8] {
        let query = try connection.statement("SELECT data FROM payload WHERE chunk = ?")
        defer { query.reset() }
        try query.bind(1, sequence)
        guard try query.step() else { throw damaged(sequence, "its payload is missing") }
        return unsafe query.withBytes(0) { bytes in
            guard bytes.count > PayloadPool.smallBytesMax else { return unsafe Array(bytes) }
            var payload = PayloadPool.shared.take(bytes.count)
            unsafe payload.append(contentsOf: bytes)
            return payload
        }
    }

    private static func damaged(_ sequence: Int64, _ what: String) -> QueueDamage {
        QueueDamage("chunk \(sequence): \(what)")
    }
}

/// The queue's file reads well as a database, but what it says cannot be what was stored.
struct QueueDamage: Error {
    /// What is wrong, without the file's name.
    let what: String

    init(_ what: String) { self.what = what }
}

extension Statement {
    /// Binds which submissions a chunk's records came with; NULL where it is one for all.
    func bind(runs: SubmissionRuns, at index: Int32) throws {
        let stored = runs.stored
        if stored.isEmpty { try bind(index, nil as Int64?) } else { try bind(index, stored) }
    }
}
