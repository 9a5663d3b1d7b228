internal import Logging
internal import UpsertCore
internal import UpsertStorage

extension SpoolIntake {
    /// Reads claimed files until a commit's worth is gathered, commits it, and lets the finished files go.
    ///
    /// - Returns: False when there was nothing to commit because the first file is still being written.
    func acceptNext() async throws -> Bool {
        builder.reset()
        var touched = 0
        while touched < min(claims.count, AcceptLimits.filesMax), !builder.isFull {
            // Taken out while it is read, so that the reader and the list are not used at once.
            var claim = claims[touched]
            if !claim.progress.finished { try await read(&claim) }
            claims[touched] = claim
            touched += 1
            // Read only in part: the commit is full.
            if !claim.progress.finished { break }
        }
        if touched == 1, claims[0].isAwaitingGrowth, builder.acceptance.transaction.isEmpty,
            claims[0].refusedSinceCommit == 0
        {
            return false
        }
        try await commit(claims: 0..<touched)
        try letGo()
        updateStatus()
        return true
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
        logger.warning(
            "file refused: \(rejection.reason)",
            metadata: ["file": "\(claim.file.displayName)", "code": "\(rejection.code.rawValue)"])
    }

    /// Makes records and progress durable together.
    private func commit(claims range: Range<Int>) async throws {
        while true {
            for index in range { try claims[index].syncErrors() }
            var acceptance = builder.acceptance
            acceptance.claims = range.map { claims[$0].progress }
            acceptance.submissions = range.map { submission(claims[$0]) }
            acceptance.forget = forget
            switch try await queue.accept(acceptance, now: WallClock.now()) {
            case .committed:
                forget = []
                for index in range { claims[index].refusedSinceCommit = 0 }
                builder.reset()
                return
            case .refused(let updates):
                for update in updates { try refuse(update) }
            }
        }
    }

    private func submission(_ claim: PendingClaim) -> SubmissionProgress {
        SubmissionProgress(
            number: claim.file.sequence, source: settings.directory, name: claim.file.displayName.text,
            rejected: claim.refusedSinceCommit, complete: claim.progress.finished)
    }

    /// Takes an update out of the commit that breaks a limit when merged with the write that waits.
    private func refuse(_ update: RefusedUpdate) throws {
        builder.acceptance.transaction.refuse(update.place)
        guard let index = claims.firstIndex(where: { $0.file.sequence == update.submission }) else { return }
        let text = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        let refusal = unsafe Refusal(
            line: update.origin.line, offset: update.origin.offset, rejection: update.rejection, text: text)
        let wasCut = try claims[index].errors.append(refusal)
        claims[index].refused(textWasCut: wasCut)
    }

    /// Removes the files whose last record is durable, durably.
    private func letGo() throws {
        var gone: [Int64] = []
        while let claim = claims.first, claim.progress.finished {
            let consumed = claim.progress.isRefusedWhole ? nil : claim.progress.offset
            switch try spool.finish(claim.file, consumed: consumed, as: claim.ending) {
            case .finished, .absent:
                gone.append(claim.file.sequence)
                report(claim)
                claims.removeFirst()
            case .grew:
                claims[0].progress.finished = false
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
        guard claim.progress.refused > 0, let errors = claim.progress.errorsFile else { return }
        logger.warning(
            "records refused; the rest of the file was accepted",
            metadata: [
                "file": "\(claim.file.displayName)", "refused": "\(claim.progress.refused)",
                "errors_file": "\(settings.directory)/rejected/\(errors)",
            ])
    }
}
