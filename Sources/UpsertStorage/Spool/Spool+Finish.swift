/// What happens to a claimed file once the queue has everything of it. The raw value is stored and never changes meaning.
package enum ClaimEnding: UInt8, Sendable, Hashable {
    /// Removes it, or moves it to `done/` where the spool is told to.
    case remove = 0
    /// Moves it to `rejected/`: it was refused as a whole, or its errors file does not hold everything refused.
    case reject = 1
}

/// What was found when a claim was about to end.
package enum ClaimFinish: Sendable, Equatable {
    /// The file has left `claimed/`, durably after ``Spool/syncClaimed()``.
    case finished
    /// It was not there any more: an earlier session got this far.
    case absent
    /// It has grown to this many bytes since it was read to the end; read on from where you were.
    case grew(Int)
    /// It is shorter than what was read: somebody wrote over it. Now it has this many bytes.
    case shrank(Int)
}

extension Spool {
    /// Lets a claim go after the commit that says so is durable.
    ///
    /// Whatever state a crash left is fine: call it again. The change is durable after ``syncClaimed()``; until then a
    /// crash may bring the file back to `claimed/`, which the finished row in the queue explains.
    ///
    /// - Parameters:
    ///   - consumed: Bytes of the file that are accounted for. The file only goes when that is all of it; nil lets it go
    ///     whatever its size, for a file refused as a whole.
    package func finish(
        _ file: ClaimedFile, consumed: Int?, as ending: ClaimEnding = .remove
    ) throws -> ClaimFinish {
        let name = file.stored.stored
        guard let status = try claimed.statusIfPresent(of: name) else { return .absent }
        if let consumed {
            if status.size > consumed { return .grew(status.size) }
            if status.size < consumed { return .shrank(status.size) }
        }
        switch (ending, done) {
        case (.remove, nil):
            try claimed.unlink(name)
        case (.remove, let done?):
            try move(file, to: try namespaceDirectory(of: file, under: done))
        case (.reject, _):
            try move(file, to: try namespaceDirectory(of: file, under: rejected))
        }
        return .finished
    }

    /// Makes all endings since the last call durable, in one sync of each directory concerned.
    package func syncClaimed() throws {
        // The new place first, for the same reason as in a claim.
        for directory in unsynced { try directory.sync() }
        unsynced = []
        try claimed.sync()
    }

    /// The directory for `file` under `rejected/` or `done/`, made where it is missing.
    func namespaceDirectory(of file: ClaimedFile, under parent: Directory) throws -> Directory {
        guard let namespace = file.namespace else { return parent }
        let (directory, created) = try parent.directory(NamespaceName.encoded(namespace), createdWith: 0o750)
        if created { try parent.sync() }
        return directory
    }

    private func move(_ file: ClaimedFile, to directory: Directory) throws {
        let name = file.stored.stored
        do {
            try claimed.rename(name, to: directory, as: file.name)
        } catch let error as FileError where error.isPresent {
            let unique = PathBytes(ClaimName.padded(file.sequence) + "-").bytes + file.name.bytes
            try claimed.rename(name, to: directory, as: PathBytes(unique))
        }
        if !unsynced.contains(where: { $0.path == directory.path }) { unsynced.append(directory) }
    }
}
