internal import Glibc

/// A dropped file that a scan found, with the identity it had then.
package struct SpoolCandidate: Sendable, Hashable {
    package var name: PathBytes
    /// The namespace directory it lies in, as named on disk; nil for the spool itself.
    package var directory: PathBytes?
    /// The namespace that ``directory`` stands for.
    package var namespace: String?
    package var format: SpoolFormat
    package var identity: FileIdentity

    /// The name below `incoming/`.
    package var place: PathBytes { directory?.appending(name) ?? name }

    /// The order in which files are claimed: ctime, then name with digit runs as numbers, then directory.
    static func precedes(_ left: SpoolCandidate, _ right: SpoolCandidate) -> Bool {
        if left.identity.changedNanoseconds != right.identity.changedNanoseconds {
            return left.identity.changedNanoseconds < right.identity.changedNanoseconds
        }
        if left.name != right.name { return PathBytes.naturallyPrecedes(left.name, right.name) }
        return PathBytes.naturallyPrecedes(left.directory ?? "", right.directory ?? "")
    }
}

/// What tells one state of one file from any other.
package struct FileIdentity: Sendable, Hashable {
    package var device: UInt64
    package var inode: UInt64
    /// Bytes.
    package var size: Int
    package var modifiedNanoseconds: Int64
    package var changedNanoseconds: Int64

    package init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
        size = status.size
        modifiedNanoseconds = status.modifiedNanoseconds
        changedNanoseconds = status.changedNanoseconds
    }
}

/// The two clocks of a scan, read together.
package struct SpoolMoment: Sendable, Hashable {
    /// Nanoseconds since 1970, comparable with ctime.
    package var wallNanoseconds: Int64
    /// Nanoseconds on a clock that is never set.
    package var steadyNanoseconds: Int64

    package init(wallNanoseconds: Int64, steadyNanoseconds: Int64) {
        self.wallNanoseconds = wallNanoseconds
        self.steadyNanoseconds = steadyNanoseconds
    }

    /// Now.
    package static var current: SpoolMoment {
        SpoolMoment(
            wallNanoseconds: read(CLOCK_REALTIME), steadyNanoseconds: read(CLOCK_BOOTTIME))
    }

    private static func read(_ clock: CInt) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
