internal import UpsertCore
internal import UpsertSQLite

extension Queue {
    /// Deletes holds that have ended and receipts of settled submissions older than 24 hours or beyond the newest 100,000,
    /// rewrites sparse chunks, gives the space of a drained queue back to the file system, and takes the reserve back.
    ///
    /// Bounded work: at most 10,000 receipts, ``SparseChunks/bytesMax`` of chunks and 8 MB of vacuum a call.
    ///
    /// - Returns: Whether there is more to do.
    /// - Throws: ``QueueError``.
    package func maintain(now: Int64) throws -> Bool {
        var hasMore = false
        // On a full disk the reserve is for settling: only what makes room is done.
        if room == .enough {
            try forgetOld(now: now)
            hasMore = try rewriteSparse(now: now)
        }
        try shrinkIfEmpty()
        if room == .none || !reserve.isWhole {
            // Still no room is no error of this call; the intake says it.
            do { try checkRoom() } catch let error as QueueError where !error.isFinal {}
        }
        return hasMore
    }

    private func forgetOld(now: Int64) throws {
        try commit {
            let old = try connection.statement(
                """
                DELETE FROM submission WHERE number IN (SELECT number FROM submission WHERE settled_at IS NOT NULL
                    AND (settled_at < ?1 OR number <= (SELECT max(number) FROM submission) - 100000) LIMIT 10000)
                """)
            try old.bind(1, now - 24 * 3_600_000)
            try old.run()
            let ended = try connection.statement("DELETE FROM hold WHERE until <= ?")
            try ended.bind(1, now)
            try ended.run()
        }
    }

    /// Giving pages back one by one moves live ones about, at 150 µs and 66 KB written each (decision 0001); rewriting a
    /// file that holds next to nothing costs 20 ms. So the file shrinks when the queue has drained.
    private func shrinkIfEmpty() throws {
        let (free, pages) = try reading {
            (try connection.integer("PRAGMA freelist_count"), try connection.integer("PRAGMA page_count"))
        }
        guard free > 256, pages - free < 256 else { return }
        do {
            try connection.execute("VACUUM")
        } catch {
            let error = note(error)
            guard error.code == .full else { throw error }
            room = .none
            guard reserve.release() else { return }
            try reading { try connection.execute("VACUUM") }
        }
        try bringHome(orStop: false)
    }
}
