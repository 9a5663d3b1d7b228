internal import UpsertCore
internal import UpsertSQLite

/// Bounds of rewriting chunks of which little is live.
package enum SparseChunks {
    /// Payload bytes below which a chunk is left as it is.
    package static let bytesMin = 65_536
    /// Payload bytes read in one call.
    package static let bytesMax = 32_000_000
}

extension Queue {
    /// Stores chunks under a quarter live again without their dead records, so that a few records that linger (in a held
    /// namespace, behind an unknown outcome) do not keep whole chunks on the disk.
    ///
    /// A chunk keeps its place in the log, and with it the order of acceptance. One with a record in flight is left for
    /// another time.
    ///
    /// - Parameter bytesMin: Chunks below this many payload bytes are left as they are.
    /// - Returns: Whether there is more to do.
    /// - Throws: ``QueueError``; then nothing has changed.
    package func rewriteSparse(now: Int64, bytesMin: Int = SparseChunks.bytesMin) throws -> Bool {
        let sparse = window.sparseChunks(bytesMin: bytesMin)
        guard !sparse.isEmpty else { return false }
        // The bits of dead records go with them, so what they count for must be stored before.
        try flush(now: now)
        var bytes = 0
        for chunk in sparse {
            guard bytes < SparseChunks.bytesMax else { return true }
            bytes += chunk.bytes
            try rewrite(chunk.slot, chunk.sequence)
        }
        return false
    }

    private func rewrite(_ slot: UInt32, _ sequence: Int64) throws {
        let content = try content(slot: slot, sequence: sequence)
        guard let live = window.movable(slot: slot, keys: content.directory.keys), !live.isEmpty else { return }
        var directory = ChunkDirectory()
        var payload: [UInt8] = []
        for position in live {
            payload += content.payload[content.directory.range(position)]
            directory.append(
                key: content.directory.keys[position], end: payload.count,
                weight: Int(content.directory.weights[position]))
        }
        let submissions = window.submissions(slot: slot, positions: live)
        try commit { try store(sequence, directory, payload, submissions) }
        contents.remove(sequence)
        window.rewritten(slot: slot, live: live, keys: content.directory.keys, bytes: payload.count)
    }

    private func store(
        _ sequence: Int64, _ directory: ChunkDirectory, _ payload: [UInt8], _ submissions: SubmissionRuns
    )
        throws
    {
        let bytes = directory.bytes
        let update = try connection.statement(
            "UPDATE chunk SET records = ?, bytes = ?, checksum = ?, directory = ?, submission = ?, runs = ? WHERE sequence = ?"
        )
        try update.bind(1, Int64(directory.count))
        try update.bind(2, Int64(payload.count))
        try update.bind(3, ChunkChecksum.of(directory: bytes, payload: payload))
        try update.bind(4, bytes)
        try update.bind(5, submissions.firstSubmission)
        try update.bind(runs: submissions, at: 6)
        try update.bind(7, sequence)
        try update.run()
        let data = try connection.statement("UPDATE payload SET data = ? WHERE chunk = ?")
        try data.bind(1, payload)
        try data.bind(2, sequence)
        try data.run()
        let progress = try connection.statement("DELETE FROM progress WHERE chunk = ?")
        try progress.bind(1, sequence)
        try progress.run()
    }
}
