internal import Glibc

/// What a file system has and has left, as `statvfs` and `stat` say.
package struct FileSystemRoom: Sendable, Equatable {
    /// Tells file systems from each other.
    package var device: UInt64
    /// Bytes in all.
    package var bytes: Int
    /// Bytes left for those who are not root.
    package var freeBytes: Int
    /// Whether no file can be created although there may be bytes.
    package var hasNoInodes: Bool

    /// Asks about the file system that a path lies on; nil when the kernel does not say.
    package init?(of path: String) {
        var room = statvfs()
        var status = stat()
        guard unsafe statvfs(path, &room) == 0, unsafe stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        bytes = Int(clamping: UInt64(room.f_blocks) &* UInt64(room.f_frsize))
        freeBytes = Int(clamping: UInt64(room.f_bavail) &* UInt64(room.f_frsize))
        // A file system without a fixed number of inodes says 0 of 0.
        hasNoInodes = room.f_files > 0 && room.f_favail == 0
    }
}
