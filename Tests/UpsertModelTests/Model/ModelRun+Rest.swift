import UpsertCore
import UpsertStorage
import UpsertTestSupport

extension ModelRun {
    /// The world is well again: every request is answered. Then the queue must run empty and everything must be accounted
    /// for.
    func comeToRest() async throws {
        await daemon.failCommits(false)
        try? await daemon.pause(false)
        daemon.reconfigure(now: now)
        var wait: Int64 = 0
        for _ in 0..<5_000 {
            if try await isAtRest() { return try await reckon() }
            try await advance(by: daemon.wire.isEmpty ? wait : 1)
            let answered = try daemon.wire.map { ($0, try serve($0)) }
            tally.requests += answered.count
            wait = try await daemon.turn(answered, now: now, using: &random)
        }
        throw Violation(.rest, "\(try await daemon.queue.status())")
    }

    private func isAtRest() async throws -> Bool {
        guard daemon.isIdle else { return false }
        return try await daemon.queue.status().queuedRecords == 0
    }

    private func reckon() async throws {
        try await advance(by: hold)
        try await daemon.checkTotals()
        try daemon.reference.checkNothingLost()
        for key in Set(daemon.reference.histories.keys).union(server.records.keys).sorted() {
            let expected = daemon.reference.finalState(key)
            guard server.records[key] == expected else {
                throw Violation(
                    .finalState,
                    "\(key) is \(server.records[key].map { "\($0)" } ?? "absent"), expected "
                        + (expected.map { "\($0)" } ?? "absent"))
            }
        }
        try await checkReceipts()
        // What is on disk says the same.
        try await daemon.crash(now: now)
        try await daemon.checkTotals()
        let queued = try await daemon.queue.status().queuedRecords
        guard queued == 0 else { throw Violation(.rest, "\(queued) records come back after a crash") }
    }

    private func checkReceipts() async throws {
        var accepted = 0
        for number in daemon.submissions {
            guard let receipt = try await daemon.queue.receipt("\(number)") else {
                throw Violation(.receipts, "submission \(number) has none")
            }
            let counts = receipt.counts
            accepted += counts.accepted
            guard receipt.settledAt != nil,
                counts.accepted == counts.superseded + counts.delivered + counts.noEffect + counts.quarantined
            else { throw Violation(.receipts, "\(receipt)") }
        }
        guard accepted == daemon.reference.accepted else {
            throw Violation(.receipts, "\(accepted) in receipts, accepted \(daemon.reference.accepted)")
        }
    }
}
