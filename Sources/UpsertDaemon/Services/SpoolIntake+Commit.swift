internal import UpsertCore
internal import UpsertStorage

/// An accept commit on its way to the disk.
struct CommitInFlight {
    let task: Task<AcceptResult, any Error>
    /// Claims that the commit ends: all of each is durable once it is.
    let finished: Set<Int64>
    /// Submissions whose rows the commit removes.
    let forgotten: Int
}

extension SpoolIntake {
    /// Makes what was gathered durable, with the progress of its claims, and lets finished files go.
    func commit() async throws {
        while true {
            let acceptance = try formAcceptance()
            switch try await queue.accept(acceptance, now: WallClock.now()) {
            case .committed: return try committed(finishedClaims, forgotten: acceptance.forget.count)
            case .refused(let updates):
                for update in updates { try refuse(update) }
            }
        }
    }

    /// Begins to make what was gathered durable; ``finishCommit()`` waits for it.
    ///
    /// - Precondition: No commit is in flight, and no update was gathered.
    func beginCommit() throws {
        precondition(commitInFlight == nil, "commits are made one after another")
        let acceptance = try formAcceptance()
        let queue = queue
        let task = Task { try await queue.accept(acceptance, now: WallClock.now()) }
        commitInFlight = CommitInFlight(task: task, finished: finishedClaims, forgotten: acceptance.forget.count)
        // What these claims have done is in that commit; from here on they are read for the next one.
        noteCommitted()
    }

    /// Waits until the commit in flight, if there is one, is durable, and lets finished files go.
    func finishCommit() async throws {
        guard let commit = commitInFlight else { return }
        commitInFlight = nil
        guard case .committed = try await commit.task.value else {
            preconditionFailure("only updates can be refused, and they are not committed in flight")
        }
        try letGo(commit.finished, forgotten: commit.forgotten)
    }

    /// Waits for the commit in flight, whatever becomes of it: what is on disk says how to go on.
    func abandonCommit() async {
        _ = await commitInFlight?.task.result
        commitInFlight = nil
    }

    private var finishedClaims: Set<Int64> {
        Set(claims.lazy.filter { $0.isTouched && $0.progress.finished }.map(\.file.sequence))
    }

    private func formAcceptance() throws -> Acceptance {
        for index in claims.indices where claims[index].isTouched {
            try claims[index].syncErrors()
            pulse.beat()
        }
        let touched = claims.filter(\.isTouched)
        var acceptance = builder.acceptance
        acceptance.claims = touched.map(\.progress)
        acceptance.submissions = touched.map(submission)
        acceptance.forget = forget
        return acceptance
    }

    private func submission(_ claim: PendingClaim) -> SubmissionProgress {
        SubmissionProgress(
            number: claim.file.sequence, source: settings.directory, name: claim.file.displayName.text,
            rejected: claim.refusedSinceCommit, complete: claim.progress.finished)
    }

    private func committed(_ finished: Set<Int64>, forgotten: Int) throws {
        noteCommitted()
        try letGo(finished, forgotten: forgotten)
    }

    private func noteCommitted() {
        for index in claims.indices where claims[index].isTouched {
            claims[index].refusedSinceCommit = 0
            claims[index].isTouched = false
        }
        builder.reset()
    }

    private func letGo(_ finished: Set<Int64>, forgotten: Int) throws {
        forget.removeFirst(forgotten)
        for index in claims.indices where finished.contains(claims[index].file.sequence) {
            claims[index].isDurable = true
        }
        try letGo()
        updateStatus()
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
}
