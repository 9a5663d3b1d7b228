import Testing
import UpsertTestSupport

@testable import UpsertCore

@Suite struct GovernorTests {
    /// Sends as fast as the governor lets, for a time; returns requests, records and bytes.
    private func run(
        _ limits: GovernorLimits, _ operation: OperationKind, records: Int, bytes: Int, milliseconds: Int64
    ) -> (requests: Int, records: Int, bytes: Int) {
        var governor = Governor(limits)
        var now: Int64 = 1_000_000
        let end = now + milliseconds
        var requests = 0
        // Without limits there would be no end.
        while requests < 1_000_000 {
            now = max(now, governor.readyTime(1, operation))
            if now >= end { break }
            governor.charge(1, operation, records: records, bytes: bytes, now: now)
            requests += 1
        }
        return (requests, requests * records, requests * bytes)
    }

    @Test func `upserts stay under fifty megabytes a second after the first second's worth`() {
        let sent = run(.published, .upsert, records: 600, bytes: 2_000_000, milliseconds: 60_000)
        #expect(sent.bytes <= 61 * 50_000_000 + 2_000_000)
        #expect(sent.bytes >= 60 * 50_000_000 - 2_000_000, "and are not slowed more than that")
    }

    @Test func `small upserts stay under a hundred requests a second`() {
        let sent = run(.published, .upsert, records: 1, bytes: 100, milliseconds: 60_000)
        #expect((6_000...6_101).contains(sent.requests))
    }

    @Test func `deletes stay under five thousand records a second and updates under a hundred`() {
        let deletes = run(.published, .delete, records: 1_000, bytes: 30_000, milliseconds: 60_000)
        #expect((300_000...306_000).contains(deletes.records))
        let updates = run(.published, .update, records: 1, bytes: 3_000, milliseconds: 60_000)
        #expect((6_000...6_101).contains(updates.requests))
    }

    @Test func `namespaces and operations do not share a bucket`() {
        var governor = Governor(.published)
        for _ in 0..<1_000 { governor.charge(1, .upsert, records: 1_000, bytes: 2_000_000, now: 0) }
        #expect(governor.readyTime(1, .upsert) > 1_000)
        #expect(governor.readyTime(1, .delete) == 0)
        #expect(governor.readyTime(2, .upsert) == 0)
    }

    @Test func `no limits govern nothing and keep nothing`() {
        var governor = Governor(.none)
        for lane in 0..<10_000 as Range<LaneNumber> {
            governor.charge(lane, .upsert, records: 1_000, bytes: 2_000_000, now: 0)
        }
        #expect(governor.count == 0)
        #expect(governor.readyTime(5, .upsert) == 0)
    }

    @Test func `only namespaces in use are remembered`() {
        var governor = Governor(.published)
        for lane in 0..<100_000 as Range<LaneNumber> {
            governor.charge(lane, .upsert, records: 1, bytes: 100, now: lane)
        }
        #expect(governor.count <= 8_192)
    }
}

@Suite struct RetryBudgetTests {
    @Test func `fifty failures exhaust it and successes bring it back`() {
        var budget = RetryBudget()
        for _ in 0..<49 { budget.failed() }
        #expect(!budget.isExhausted)
        budget.failed()
        #expect(budget.isExhausted)
        budget.succeeded()
        #expect(!budget.isExhausted)
        #expect(budget.fraction > 0.5 && budget.fraction < 0.51)
    }

    @Test func `it neither overflows nor goes below nothing`() {
        var budget = RetryBudget()
        budget.succeeded(1_000)
        #expect(budget.fraction == 1)
        for _ in 0..<1_000 { budget.failed() }
        #expect(budget.fraction == 0)
    }
}
