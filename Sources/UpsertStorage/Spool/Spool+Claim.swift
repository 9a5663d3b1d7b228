internal import Glibc

/// What became of an attempt to claim some files.
package struct ClaimOutcome {
    /// The files now in `claimed/`, durably, in the order in which they were asked for.
    package var claimed: [ClaimedFile] = []
    /// Files that stay in `incoming/` because something is wrong with them or their directory.
    package var problems: [SpoolProblem] = []
    /// Why the rest was not tried: the disk is full or fails, or no sequence number could be had. nil where all were tried.
    package var failure: (any Error)?
}

extension Spool {
    /// Claims files in the order given, by renaming each to `claimed/`, and makes that durable before it returns.
    ///
    /// A file that changed or vanished since the scan is passed over in silence: the next scan sees it as it is then.
    ///
    /// - Throws: ``FileError`` where a directory cannot be synced. That is final: the process must stop and start again
    ///   with ``recover()``. Nothing is lost by that.
    package func claim(_ candidates: some Sequence<SpoolCandidate>, now: SpoolMoment = .current) throws -> ClaimOutcome
    {
        var outcome = ClaimOutcome()
        var sources = SourceDirectories(incoming: incoming)
        var tried: [SpoolCandidate] = []
        defer { forget(tried) }
        for candidate in candidates {
            options.step()
            do {
                let source = try sources.directory(candidate.directory)
                if let file = try claim(candidate, from: source) { outcome.claimed.append(file) }
                settling.left(candidate)
            } catch let problem as SpoolProblem {
                setAside.add(candidate, problem, now: now)
                outcome.problems.append(problem)
            } catch {
                outcome.failure = error
                break
            }
            tried.append(candidate)
        }
        if !outcome.claimed.isEmpty {
            // The new name first: on a file system where a rename is two steps, a file with two names is not lost.
            try claimed.sync()
            for source in sources.opened { try source.sync() }
        }
        return outcome
    }

    /// Takes what was tried out of what ``look(now:)`` hands out.
    private func forget(_ tried: [SpoolCandidate]) {
        if lastScan?.ready.starts(with: tried) == true {
            lastScan?.ready.removeFirst(tried.count)
        } else {
            lastScan = nil
        }
    }

    private func claim(_ candidate: SpoolCandidate, from source: Directory) throws -> ClaimedFile? {
        let path = source.path.appending(candidate.name)
        guard let before = try source.statusIfPresent(of: candidate.name) else { return nil }
        guard before.kind == .regular, FileIdentity(before) == candidate.identity else { return nil }
        do {
            try source.checkReadable(candidate.name)
            let stored = ClaimName(
                sequence: try nextSequence(), namespace: candidate.namespace, name: candidate.name)
            try source.rename(candidate.name, to: claimed, as: stored.stored)
            return try confirm(stored, candidate, from: source)
        } catch let error as FileError where error.isAbsent {
            return nil
        } catch let error as FileError where error.operation == .access && !error.concernsFileSystem {
            throw SpoolProblem.file(.unreadable, path, "\(error)")
        } catch let error as FileError where error.code == EXDEV {
            throw SpoolProblem.directory(.otherFileSystem, source.path)
        } catch let error as FileError where error.operation == .rename && !error.concernsFileSystem {
            throw SpoolProblem.directory(.unremovable, source.path, "\(error)")
        }
    }

    /// Checks that what was renamed is what was looked at: its name could have been given to something else in between.
    private func confirm(
        _ stored: ClaimName, _ candidate: SpoolCandidate, from source: Directory
    ) throws -> ClaimedFile? {
        let status = try claimed.status(of: stored.stored)
        // Another regular file is as good as the one that was there: it was dropped under this name just now.
        guard status.kind == .regular, status.links == 1 else {
            try claimed.rename(stored.stored, to: source, as: candidate.name)
            return nil
        }
        return ClaimedFile(stored: stored, format: candidate.format, identity: FileIdentity(status))
    }
}

/// The directories that one claim takes files from, each opened once.
private struct SourceDirectories {
    let incoming: Directory
    private var byName: [PathBytes: Directory] = [:]
    private var usesRoot = false

    init(incoming: Directory) { self.incoming = incoming }

    var opened: [Directory] { (usesRoot ? [incoming] : []) + byName.values }

    mutating func directory(_ name: PathBytes?) throws -> Directory {
        guard let name else {
            usesRoot = true
            return incoming
        }
        if let known = byName[name] { return known }
        do {
            let directory = try incoming.directory(name)
            byName[name] = directory
            return directory
        } catch let error as FileError where !error.concernsFileSystem {
            throw SpoolProblem.directory(.unlistable, incoming.path.appending(name), "\(error)")
        }
    }
}
