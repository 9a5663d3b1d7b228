internal import Glibc

extension Spool {
    /// Takes in what the doorbell heard. Call before ``scan(now:)``.
    ///
    /// A failure to look at a file is no failure: the scan meets it and reports it.
    package func note(_ events: DoorbellEvents) {
        if events.lostSome { settling.forgetNews() }
        for event in events.files {
            guard let status = try? incoming.statusIfPresent(of: event.place) else { continue }
            switch event.change {
            case .created: settling.created(event.place, status)
            case .completed: settling.completed(event.place, FileIdentity(status))
            }
        }
    }

    /// What to claim next: what the last scan found as long as any of it is left, else a new scan.
    ///
    /// For a caller that claims in small groups: looking at a million files takes seconds, so it must not be done for each
    /// group. The order stays right, since a file that came later has a later ctime, and ``claim(_:now:)`` checks each file.
    package func look(now: SpoolMoment = .current) throws -> SpoolScan {
        if let lastScan, !lastScan.ready.isEmpty { return lastScan }
        return try scan(now: now)
    }

    /// Looks at everything in `incoming/` and finds the files that are complete, oldest first.
    ///
    /// Memory is bounded by ``Options/candidatesMax`` however many files there are; time is one `stat` a file.
    ///
    /// - Throws: ``FileError`` where `incoming/` itself cannot be listed, ``SpoolProblem`` where it is gone.
    package func scan(now: SpoolMoment = .current) throws -> SpoolScan {
        lastScan = nil
        try checkInPlace()
        setAside.expire(now: now)
        var pass = ScanPass(spool: self, now: now)
        try pass.list(incoming, directory: nil, namespace: nil)
        for name in pass.scan.directories { try list(namespaceDirectory: name, in: &pass) }
        let scan = arrange(pass, now: now)
        lastScan = scan
        return scan
    }

    private func list(namespaceDirectory name: PathBytes, in pass: inout ScanPass) throws {
        let path = incoming.path.appending(name)
        guard let namespace = NamespaceName.decoded(name) else {
            return pass.scan.add(.directory(.namespaceInvalid, path))
        }
        guard NamespaceName.encoded(namespace).bytes.count <= ClaimName.namespaceBytesMax else {
            return pass.scan.add(.directory(.namespaceTooLong, path))
        }
        do {
            let directory = try incoming.directory(name)
            guard try directory.status().device == device else {
                return pass.scan.add(.directory(.otherFileSystem, path))
            }
            try pass.list(directory, directory: name, namespace: namespace)
        } catch let error as FileError where !error.isAbsent {
            if error.concernsFileSystem { throw error }
            pass.scan.add(.directory(.unlistable, path, "\(error)"))
        } catch is FileError {
            // Removed since it was listed.
        }
    }

    /// Decides which of the kept candidates may go now.
    private func arrange(_ pass: ScanPass, now: SpoolMoment) -> SpoolScan {
        var scan = pass.scan
        let candidates = pass.oldest.inOrder
        var again = pass.earliestAgainNanoseconds
        var isHeldBack = false
        for candidate in candidates {
            switch settling.verdict(candidate, now: now) {
            case .complete where !isHeldBack:
                scan.ready.append(candidate)
            case .complete:
                scan.waitingCount += 1
            case .beingWritten(let after):
                scan.waitingCount += 1
                again = min(again, after)
            case .settling(let after):
                // It may have been complete before the ones after it: letting them pass would break the order.
                isHeldBack = true
                scan.waitingCount += 1
                again = min(again, after)
            }
        }
        scan.waitingCount += pass.unsettledCount
        scan.hasMore = pass.oldest.isPartial
        if again != .max { scan.lookAgainAfter = .nanoseconds(max(again, 1_000_000)) }
        settling.saw(candidates, sawAll: !scan.hasMore && scan.problemCount == 0, now: now)
        return scan
    }
}

/// One pass over the directories, collecting what is there.
private struct ScanPass {
    let spool: Spool
    let now: SpoolMoment
    var scan = SpoolScan()
    var oldest: OldestCandidates
    /// Files too young to be judged, which are not candidates.
    var unsettledCount = 0
    var earliestAgainNanoseconds = Int64.max

    init(spool: Spool, now: SpoolMoment) {
        self.spool = spool
        self.now = now
        oldest = OldestCandidates(limit: spool.options.candidatesMax)
    }

    /// Looks at every name in `place`; `directory` is its name where it is a namespace directory.
    mutating func list(_ place: Directory, directory: PathBytes?, namespace: String?) throws {
        try place.forEachName { name, kindHint in
            spool.options.step()
            if SpoolFormat.ignores(name) { return }
            if kindHint == .directory {
                return directoryFound(name, in: place, isNested: directory != nil)
            }
            let status: FileStatus
            do {
                guard let found = try place.statusIfPresent(of: name) else { return }
                status = found
            } catch let error as FileError where !error.concernsFileSystem {
                return scan.add(.file(.unreadable, error.path, "\(error)"))
            }
            if status.kind == .directory {
                return directoryFound(name, in: place, isNested: directory != nil)
            }
            fileFound(name, status, in: place, directory: directory, namespace: namespace)
        }
    }

    private mutating func directoryFound(_ name: PathBytes, in place: Directory, isNested: Bool) {
        if isNested {
            scan.add(.file(.nestedTooDeep, place.path.appending(name)))
        } else {
            scan.directories.append(name)
        }
    }

    private mutating func fileFound(
        _ name: PathBytes, _ status: FileStatus, in place: Directory, directory: PathBytes?, namespace: String?
    ) {
        let format = SpoolFormat(name: name)
        if let problem = problem(name, status, format, in: place) {
            // A producer may be about to rename or unlink; what is wrong for longer than that is a problem.
            let age = now.wallNanoseconds - status.changedNanoseconds
            let settle = spool.options.settle.nanoseconds
            if age >= settle || age < 0 { return scan.add(problem) }
            unsettledCount += 1
            earliestAgainNanoseconds = min(earliestAgainNanoseconds, settle - age)
            return
        }
        if oldest.leavesOut(changedNanoseconds: status.changedNanoseconds) { return }
        guard let format else { return }
        let identity = FileIdentity(status)
        if let problem = spool.setAside.problem(with: identity, now: now) { return scan.add(problem) }
        oldest.insert(
            SpoolCandidate(name: name, directory: directory, namespace: namespace, format: format, identity: identity))
    }

    private func problem(
        _ name: PathBytes, _ status: FileStatus, _ format: SpoolFormat?, in place: Directory
    ) -> SpoolProblem? {
        switch status.kind {
        case .regular: break
        case .symbolicLink: return .file(.symbolicLink, place.path.appending(name))
        case .pipe: return .file(.notAFile, place.path.appending(name), "a named pipe")
        case .socket: return .file(.notAFile, place.path.appending(name), "a socket")
        case .device, .directory: return .file(.notAFile, place.path.appending(name), "a device")
        }
        if format == nil { return .file(.wrongExtension, place.path.appending(name)) }
        if status.links > 1 { return .file(.hardLinked, place.path.appending(name), "\(status.links)") }
        if status.size > spool.options.fileBytesMax {
            let limit = spool.options.fileBytesMax
            return .file(.tooLarge, place.path.appending(name), "\(status.size) bytes, the limit is \(limit)")
        }
        return nil
    }
}
