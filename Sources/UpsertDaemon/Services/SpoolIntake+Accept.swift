internal import Logging
internal import UpsertCore
internal import UpsertStorage

extension SpoolIntake {
    /// Reads claimed files until a commit's worth is gathered, commits it, and lets the finished files go.
    ///
    /// While there is more to read, the commit is left to itself and the next one is gathered meanwhile, on another core; one
    /// commit is begun only when the one before it is durable, so they stay in claim order.
    ///
    /// - Returns: False when there was nothing to commit because the first file is still being written.
    func acceptNext() async throws -> Bool {
        builder.reset()
        try await measuredGather()
        try await finishCommit()
        let touched = claims.filter(\.isTouched)
        if touched.count == 1, touched[0].isAwaitingGrowth, builder.acceptance.transaction.isEmpty,
            touched[0].refusedSinceCommit == 0
        {
            claims.indices.forEach { claims[$0].isTouched = false }
            return false
        }
        // Without touched claims there was only a commit to finish, or a file to let go that was accepted before a start.
        if touched.isEmpty {
            try letGo()
            updateStatus()
            return true
        }
        // An update may be refused by the queue, and the refusal belongs before those of what is read next.
        let isOrderly = builder.acceptance.transaction.chunks.allSatisfy { $0.operation != .update }
        if isOrderly, claims.contains(where: { !$0.progress.finished && !$0.isAwaitingGrowth }) {
            try beginCommit()
        } else {
            try await commit()
        }
        return true
    }

    private func measuredGather() async throws {
        let clock = ThreadClock()
        let start = claims.reduce(0) { $0 + $1.progress.offset }
        try await gather()
        noteDecoded(
            StageTotals(
                records: builder.acceptance.transaction.accepted,
                bytes: claims.reduce(0) { $0 + $1.progress.offset } - start, cpuNanoseconds: clock.elapsed))
    }

    /// Reads into the commit, from the first claim that is not read whole, until the commit is full or all are read.
    private func gather() async throws {
        var read = 0
        for index in claims.indices where !claims[index].progress.finished {
            pulse.beat()
            // Taken out while it is read, so that the reader and the list are not used at once.
            var claim = claims[index]
            claim.isTouched = true
            try await self.read(&claim)
            claims[index] = claim
            read += 1
            // Read only in part: the commit is full, or the file is still being written.
            if !claim.progress.finished || read == AcceptLimits.filesMax || builder.isFull { return }
        }
    }

    private func read(_ claim: inout PendingClaim) async throws {
        do {
            switch claim.file.format {
            case .lines: try await readLines(&claim)
            case .body: try await readBody(&claim)
            }
        } catch let changed as ClaimChanged {
            // Somebody wrote over a file that was already handed over: what was taken stands, the rest cannot be trusted.
            try refuseWhole(&claim, Rejection(.malformed, "\(changed)"))
        }
    }

    /// Refuses what is left of a file.
    func refuseWhole(_ claim: inout PendingClaim, _ rejection: Rejection) throws {
        _ = try claim.errors.append(Refusal(whole: rejection))
        claim.refused(textWasCut: true)
        claim.progress.isRefusedWhole = true
        claim.progress.finished = true
        logger.report(
            .fileRefused, "file refused; it is in rejected/ with the reason beside it",
            [
                "file": "\(claim.file.displayName)", "code": "\(rejection.code.rawValue)",
                "reason": "\(rejection.reason)",
            ])
    }

    /// Removes the files whose last record is durable, durably.
    func letGo() throws {
        var gone: [Int64] = []
        while let claim = claims.first, claim.isDurable {
            pulse.beat()
            let consumed = claim.progress.isRefusedWhole ? nil : claim.progress.offset
            switch try spool.finish(claim.file, consumed: consumed, as: claim.ending) {
            case .finished, .absent:
                gone.append(claim.file.sequence)
                report(claim)
                claims.removeFirst()
            case .grew:
                claims[0].progress.finished = false
                claims[0].isDurable = false
                try finishUp(gone)
                return
            case .shrank(let size):
                logger.warning(
                    "a claimed file was overwritten after it was accepted; it is kept in rejected/",
                    metadata: ["file": "\(claim.file.displayName)", "bytes": "\(size)"])
                claims[0].ending = .reject
                claims[0].progress.isRefusedWhole = true
            }
        }
        try finishUp(gone)
    }

    private func finishUp(_ gone: [Int64]) throws {
        guard !gone.isEmpty else { return }
        try spool.syncClaimed()
        forget += gone
    }

    private func report(_ claim: PendingClaim) {
        // A file that was refused whole was said by itself.
        guard claim.progress.refused > 0, !claim.progress.isRefusedWhole, let errors = claim.progress.errorsFile else {
            return
        }
        logger.report(
            .recordsRefused, "records refused; the rest of the file was accepted",
            [
                "file": "\(claim.file.displayName)", "refused": "\(claim.progress.refused)",
                "errors_file": "\(settings.directory)/rejected/\(errors)",
            ])
    }
}
