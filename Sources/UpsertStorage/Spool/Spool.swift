internal import Glibc

/// The drop directory: finds complete files, claims them by rename, and lets them go once the queue has them.
///
/// Owned by one thread; every call blocks. Three directories hold everything: `incoming/` (producers write), `claimed/`
/// (upsertd's alone: a file there *is* the durable claim), `rejected/` (what was refused, and why), and `done/` where asked
/// for. All calls throw ``FileError``.
package final class Spool {
    /// How a spool is read.
    package struct Options: Sendable {
        /// The directory that holds `incoming/` and its siblings; created if absent (its parent is not).
        package var directory: String
        /// Moves accepted files to `done/` instead of removing them.
        package var keepsDone = false
        /// How long a file must be unchanged before it counts as complete, where nobody said so. Not negative.
        package var settle: Duration = .seconds(2)
        /// Bytes; larger files stay in `incoming/` and are reported.
        package var fileBytesMax = 1 << 40
        /// Files kept in memory in one scan, the oldest ones; at least 1.
        package var candidatesMax = 20_000
        /// Called for each name or file that is looked at or moved, since there may be millions on a slow disk.
        package var step: @Sendable () -> Void = {}

        package init(directory: String) { self.directory = directory }
    }

    package let options: Options
    private let root: Directory
    package let incoming: Directory
    package let claimed: Directory
    package let rejected: Directory
    package let done: Directory?
    let device: UInt64
    let nextSequence: () throws -> Int64
    var settling: SettleLedger
    var setAside = SetAsideFiles()
    /// The last scan, less what was claimed since.
    var lastScan: SpoolScan?
    /// Directories whose names changed since ``syncClaimed()``, besides `claimed/` itself.
    var unsynced: [Directory] = []

    /// Opens a spool, making the directories that are missing.
    ///
    /// - Parameters:
    ///   - nextSequence: A number larger than any before, over all spools and restarts.
    ///   - faults: Makes calls fail in tests.
    /// - Throws: ``FileError``, or ``SpoolProblem`` where files cannot be moved from `incoming/` to its siblings.
    package init(
        _ options: Options, faults: FileFaults = .none, nextSequence: @escaping () throws -> Int64
    ) throws {
        precondition(options.candidatesMax >= 1, "candidatesMax must be at least 1, is \(options.candidatesMax)")
        self.options = options
        self.nextSequence = nextSequence
        let path = PathBytes(options.directory)
        root = try Self.openRoot(path, faults: faults)
        incoming = try Self.child(of: root, "incoming", mode: 0o770)
        claimed = try Self.child(of: root, "claimed", mode: 0o700)
        rejected = try Self.child(of: root, "rejected", mode: 0o750)
        done = options.keepsDone ? try Self.child(of: root, "done", mode: 0o750) : nil
        device = try incoming.status().device
        settling = SettleLedger(settle: options.settle)
        for sibling in [claimed, rejected, done].compactMap(\.self) {
            guard try sibling.status().device == device else {
                throw SpoolProblem.directory(.otherFileSystem, sibling.path)
            }
        }
        try proveRename()
    }

    private static func openRoot(_ path: PathBytes, faults: FileFaults) throws -> Directory {
        do {
            return try Directory(path, faults: faults)
        } catch let error as FileError where error.isAbsent {
            let parent = try Directory(path.parent, faults: faults)
            let (root, created) = try parent.directory(path.lastComponent, createdWith: 0o755)
            if created { try parent.sync() }
            return root
        }
    }

    private static func child(of root: Directory, _ name: PathBytes, mode: UInt32) throws -> Directory {
        let (directory, created) = try root.directory(name, createdWith: mode)
        if created { try root.sync() }
        return directory
    }

    /// Moves a file of our own from `incoming/` to `claimed/`: one file system may still be two mounts, which only a rename
    /// tells.
    private func proveRename() throws {
        let probe: PathBytes = ".upsertd-probe"
        do {
            try incoming.unlink(probe)
            try claimed.unlink(probe)
            _ = try incoming.create(probe, mode: 0o600)
            defer {
                // Whatever is left over is unlinked by the next start and never read.
                _ = try? incoming.unlink(probe)
                _ = try? claimed.unlink(probe)
            }
            try incoming.rename(probe, to: claimed, as: probe)
        } catch let error as FileError where error.code == EXDEV {
            throw SpoolProblem.directory(.otherFileSystem, incoming.path)
        } catch let error as FileError where error.code == EACCES || error.code == EPERM {
            throw SpoolProblem.directory(.unremovable, incoming.path, "\(error)")
        } catch let error as FileError where error.concernsFileSystem {
            // A full disk stops intake, not the daemon: claiming meets the same error again and reports it there.
        }
    }

    /// Throws where `incoming/` is no longer the directory that was opened: producers would write to another one, and this
    /// one would look empty for ever.
    func checkInPlace() throws {
        let name: PathBytes = "incoming"
        guard let found = try root.statusIfPresent(of: name), found.inode == (try incoming.status().inode) else {
            throw SpoolProblem.directory(.moved, incoming.path)
        }
    }

    /// Makes the last session's claims certain and lists them, oldest first.
    ///
    /// Call once, before any scan. What the queue knows of each claim decides: no row means to start at 0, a partial row to
    /// resume at its offset, a finished row to ``finish(_:consumed:as:)`` only.
    ///
    /// - Returns: The claims by sequence number, and what in `claimed/` is not a claim.
    package func recover() throws -> (claims: [ClaimedFile], problems: [SpoolProblem]) {
        // A crashed process may have renamed without syncing; what is resumed now must not move back in a power cut.
        try claimed.sync()
        try incoming.sync()
        var claims: [ClaimedFile] = []
        var problems: [SpoolProblem] = []
        try claimed.forEachName { name, _ in
            options.step()
            if name.bytes.first == UInt8(ascii: ".") { return }
            let path = claimed.path.appending(name)
            guard let stored = ClaimName(name), let format = SpoolFormat(name: stored.name) else {
                problems.append(.file(.foreignClaim, path))
                return
            }
            guard let status = try claimed.statusIfPresent(of: name) else { return }
            guard status.kind == .regular else {
                problems.append(.file(.foreignClaim, path, ", though it is named like one"))
                return
            }
            claims.append(ClaimedFile(stored: stored, format: format, identity: FileIdentity(status)))
        }
        claims.sort { $0.sequence < $1.sequence }
        return (claims, problems)
    }
}
