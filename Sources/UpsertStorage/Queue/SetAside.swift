internal import Glibc

/// Moves a damaged queue out of the way, under a name that says when, so that nothing that may still be read is lost.
package enum SetAside {
    /// Moves the database and its write-ahead log, durably, and takes the note of the damage away.
    ///
    /// The log keeps the name that belongs to the database's, so that both together still open as a queue. The database
    /// goes first: a start that finds a log without its database finishes the move, see ``finish(in:)``.
    ///
    /// - Parameter now: Unix milliseconds.
    /// - Returns: The new path of the database.
    /// - Throws: ``QueueError`` with code `unusable`.
    package static func move(in directory: String, now: Int64) throws(QueueError) -> String {
        let path = directory + "/" + QueueFile.name
        var aside = path + prefix + stamp(now)
        var attempt = 1
        while unsafe access(aside, F_OK) == 0 {
            attempt += 1
            aside = path + prefix + stamp(now) + "-\(attempt)"
        }
        try rename(path, aside)
        try moveLog(of: path, to: aside)
        syncDirectory(directory)
        DamageMark.clear(in: directory)
        return aside
    }

    /// Finishes a move that was interrupted between the database and its log, which must never meet a new database.
    static func finish(in directory: String) throws(QueueError) {
        let path = directory + "/" + QueueFile.name
        guard unsafe access(path, F_OK) != 0, unsafe access(path + "-wal", F_OK) == 0 else { return }
        let latest = names(in: directory).filter { $0.hasPrefix(QueueFile.name + prefix) && !$0.hasSuffix("-wal") }
            .max()
        try moveLog(of: path, to: latest.map { directory + "/" + $0 } ?? path + prefix + "without-database")
        syncDirectory(directory)
    }

    private static let prefix = ".damaged-"

    private static func moveLog(of path: String, to aside: String) throws(QueueError) {
        if unsafe access(path + "-wal", F_OK) == 0 { try rename(path + "-wal", aside + "-wal") }
        // An index of the log is rebuilt from it; it exists only where another program has opened the queue.
        unsafe unlink(path + "-shm")
    }

    private static func rename(_ path: String, _ new: String) throws(QueueError) {
        guard unsafe Glibc.rename(path, new) == 0 else {
            throw QueueError(.unusable, "cannot set aside \(path): \(systemMessage(errno))")
        }
    }

    private static func names(in path: String) -> [String] {
        var names: [String] = []
        // A directory that cannot be listed has nothing that could be found.
        try? Directory(PathBytes(path)).forEachName { name, _ in names.append(name.text) }
        return names
    }

    /// A time as `20261128T134500Z`.
    private static func stamp(_ now: Int64) -> String {
        var seconds = time_t(now / 1_000)
        var parts = unsafe tm()
        unsafe _ = gmtime_r(&seconds, &parts)
        let numbers = unsafe [parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec]
        let two = numbers.map { $0 < 10 ? "0\($0)" : "\($0)" }
        return unsafe "\(parts.tm_year + 1900)" + two[..<2].joined() + "T" + two[2...].joined() + "Z"
    }
}
