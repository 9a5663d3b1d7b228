internal import UpsertCore
internal import UpsertSQLite

/// What the queue does when its disk is full, read-only, failing or lying.
extension Queue {
    /// Pages that the write-ahead log may hold before they are brought home: 16 MB, less where the reserve is small, since
    /// the reserve must be able to take them.
    var logPagesMax: Int { min(500, reserve.bytes / 2 / QueueFile.pageBytes) }

    /// Whether records can be accepted. While the disk is full this makes room as far as the queue can by itself, and takes
    /// the reserve back.
    ///
    /// - Throws: ``QueueError`` with code `full` and what to do, `readOnly`, or what ended the use of the queue.
    package func checkRoom() throws {
        try checkUsable()
        guard room != .enough || !reserve.isWhole else { return }
        // What waits in the log comes home first: that may be what the disk had no room for.
        try bringHome(orStop: true)
        guard let free = reserve.freeBytes else { return }
        let unused = try freePages() * QueueFile.pageBytes
        guard free + unused >= needed else { throw stopped() }
        if !reserve.isWhole, free < reserve.bytes + Self.looseBytes {
            giveBack(bytes: reserve.bytes + Self.looseBytes - free)
        }
        do { try reserve.restore() } catch { throw error.code == .full ? stopped() : error }
        room = .enough
    }

    /// Room besides the reserve for what the file system itself needs.
    private static let looseBytes = 1 << 20

    /// Room that must be there before intake starts again, so that it does not stop again at once: on the disk, or as free
    /// pages of the file.
    private var needed: Int {
        let file = (try? connection.integer("PRAGMA page_count")).map { Int($0) * QueueFile.pageBytes } ?? 0
        return (reserve.isWhole ? 0 : reserve.bytes) + max(reserve.bytes / 4, file / 10)
    }

    private func freePages() throws(QueueError) -> Int {
        do { return Int(try connection.integer("PRAGMA freelist_count")) } catch { throw note(error) }
    }

    /// The one message that stays the same for as long as there is no room for the same reason.
    private func stopped() -> QueueError {
        room = .none
        let (directory, after) = (options.directory, "; delivery goes on, and intake resumes by itself")
        guard FileSystemRoom(of: directory)?.hasNoInodes == true else {
            return QueueError(.full, "the disk of the queue is full: free some space for \(directory)" + after)
        }
        return QueueError(
            .full, "the disk of the queue has no inodes left: remove files from the file system of \(directory)" + after
        )
    }

    /// Runs a commit that adds to the queue. It never uses the reserve.
    ///
    /// - Throws: ``QueueError``; then nothing has changed on disk.
    func commitAdding<Value>(_ body: () throws -> Value) throws -> Value {
        try checkRoom()
        let value: Value
        do {
            value = try connection.transaction(body)
        } catch {
            let error = note(error)
            guard error.code == .full else { throw error }
            try bringHome(orStop: false)
            throw stopped()
        }
        if connection.logPages >= logPagesMax { try bringHome(orStop: false) }
        return value
    }

    /// Runs a commit that lets records leave, or that hardly needs room; on a full disk it uses the reserve.
    ///
    /// - Throws: ``QueueError``; then nothing has changed on disk.
    func commit<Value>(_ body: () throws -> Value) throws -> Value {
        try checkUsable()
        let value: Value
        do {
            value = try connection.transaction(body)
        } catch {
            let first = note(error)
            guard first.code == .full else { throw first }
            room = .none
            guard reserve.release() else { throw first }
            // With the log home, the room that it has on disk already is used again from its start.
            try bringHome(orStop: false)
            do { value = try connection.transaction(body) } catch { throw note(error) }
        }
        try checkpointIfLong()
        if room == .none { try bringHome(orStop: false) }
        return value
    }

    /// Reads, and gives what goes wrong its meaning.
    func reading<Value>(_ body: () throws -> Value) throws -> Value {
        try checkUsable()
        do { return try body() } catch { throw note(error) }
    }

    /// Brings the log home when it has become long. Failing for want of room is not an error of the commit before it: intake
    /// stops, and the reserve makes the room.
    private func checkpointIfLong() throws {
        guard connection.logPages >= logPagesMax else { return }
        try bringHome(orStop: false)
        guard connection.logPages >= logPagesMax, reserve.release() else { return }
        try bringHome(orStop: false)
    }

    /// Brings the write-ahead log home into the database.
    ///
    /// - Parameter orStop: Whether to throw when there is no room for it. What does not fit stays in the log, so nothing is
    ///   lost, and intake stops.
    func bringHome(orStop: Bool) throws(QueueError) {
        do {
            try connection.checkpoint()
        } catch {
            let error = note(error)
            guard error.code == .full else { throw error }
            room = .none
            if orStop { throw stopped() }
        }
    }

    /// Shrinks the file by up to `bytes` of its free pages, in doses whose copies fit into the log.
    private func giveBack(bytes: Int) {
        let dose = max(1, min(64, logPagesMax / 4))
        for _ in 0..<(bytes / QueueFile.pageBytes / dose + 1) {
            do {
                // The pragma frees a page a step.
                let vacuum = try connection.statement("PRAGMA incremental_vacuum(\(dose))")
                try vacuum.run()
                try bringHome(orStop: true)
            } catch {
                // No room even for this; the next commit that lets records leave makes some.
                _ = note(error)
                return
            }
        }
    }

    /// Throws what ended the use of the queue, if anything did.
    func checkUsable() throws(QueueError) {
        if let broken { throw broken }
    }

    /// Gives an error its meaning, and remembers one after which nothing may be read or written any more.
    func note(_ error: any Error) -> QueueError {
        let meaning = (error as? QueueError) ?? QueueFile.meaning(of: error, directory: options.directory)
        if broken == nil, meaning.isFinal {
            broken = meaning
            // The next start must not trust the file either, although it may not read the page that is bad.
            if meaning.code == .damaged { DamageMark.set(in: options.directory, meaning.message) }
        }
        return meaning
    }

    /// Room for new records on the queue's disk.
    enum Room { case enough, none }
}
