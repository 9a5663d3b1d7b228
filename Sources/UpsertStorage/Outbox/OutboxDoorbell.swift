internal import Glibc

/// Tells that an outbox may have been written to, by inotify on the database and its write-ahead log.
///
/// Only a hint, and one that may come a moment before the commit can be seen: the log is written first. Look at the change
/// counter when it rings, a few times after that, and on a slow timer.
package final class OutboxDoorbell {
    private let owned = OwnedDescriptor(inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK)))
    private let paths: [String]
    private var isWatching = false
    /// Whether other machines can write the database without this one's kernel knowing; nil until it was there to be asked.
    private var isShared: Bool?

    /// - Parameter path: The database.
    package init(path: String) { paths = [path, path + "-wal"] }

    /// What to poll for reading; nil where changes cannot be noticed, so that only looking helps.
    package var descriptor: Int32? { isWatching ? owned.raw : nil }

    /// Watches what there is now: a log comes and goes with the programs that use the database. Call it on every timer.
    package func watch() {
        guard owned.raw >= 0 else { return }
        let added = paths.map { path in
            unsafe path.withCString { unsafe inotify_add_watch(owned.raw, $0, UInt32(IN_MODIFY)) }
        }
        if isShared == nil, added[0] >= 0 { isShared = Self.isShared(paths[0]) }
        isWatching = added[0] >= 0 && isShared != true
    }

    private static func isShared(_ path: String) -> Bool? {
        var status = stat()
        guard unsafe path.withCString({ unsafe stat($0, &status) }) == 0 else { return nil }
        return MountTable.fileSystemType(device: UInt64(status.st_dev)).map(MountTable.isShared)
    }

    /// Whether anything was written since the last call; does not wait.
    package func rang() -> Bool {
        guard isWatching else { return false }
        return unsafe withUnsafeTemporaryAllocation(byteCount: 4 << 10, alignment: 8) { buffer in
            var rang = false
            while unsafe read(owned.raw, buffer.baseAddress, buffer.count) > 0 { rang = true }
            return rang
        }
    }
}
