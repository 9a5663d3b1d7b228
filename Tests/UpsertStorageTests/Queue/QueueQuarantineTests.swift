import Testing
import UpsertCore
import UpsertTestSupport

@testable import UpsertStorage

@Suite struct QueueQuarantineTests {
    private func number(_ bench: QueueBench, _ id: String) async throws -> Int64 {
        try #require(try await bench.queue.quarantine().last { $0.id == id }?.number)
    }

    @Test func `an old version stays superseded after its newer write was delivered, and over restarts`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        try await bench.refuseAll()
        try await bench.accept([#"{"id":"a","values":[2]}"#])
        _ = try await bench.drain()
        try await bench.reopen()
        let entry = try await number(bench, "a")
        #expect(try await bench.queue.retryQuarantined([entry], force: false, now: 1).count == 1)
        #expect(try await bench.drain() == [], "the old version would have overwritten the newer write")
        #expect(try await bench.queue.retryQuarantined([entry], force: true, now: 1) == [])
        #expect(try await bench.drain() == [#"{"id":"a","values":[1]},"#])
        try await bench.checkedStatus()
    }

    @Test func `however many lie in quarantine, and however long, upkeep takes none of them`() async throws {
        let bench = try QueueBench()
        let count = 3_000
        try await bench.accept((0..<count).map { #"{"id":"r\#($0)","values":[1]}"# })
        try await bench.refuseAll()
        for day in 1...400 as ClosedRange<Int64> { _ = try await bench.queue.maintain(now: day * 86_400_000) }
        #expect(try await bench.checkedStatus().quarantinedCurrent == count)
        try await bench.reopen(at: 401 * 86_400_000)
        #expect(try await bench.checkedStatus().quarantinedCurrent == count)
        #expect(Set(try await bench.queue.quarantine(limit: count + 1).map(\.id)).count == count)
    }

    @Test func `when one of two entries of an id goes, a newer write still makes the other obsolete`() async throws {
        let bench = try QueueBench()
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        try await bench.refuseAll()
        // The first is superseded by the second, which is refused as well.
        try await bench.accept([#"{"id":"a","values":[2]}"#])
        try await bench.refuseAll()
        let entries = try await bench.queue.quarantine()
        #expect(entries.map(\.superseded) == [true, false])
        #expect(try await bench.queue.dropQuarantined([entries[0].number], now: 1) == [])
        try await bench.accept([#"{"id":"a","values":[3]}"#])
        #expect(try await bench.drain() == [#"{"id":"a","values":[3]},"#])
        let refused = try await bench.queue.retryQuarantined([entries[1].number], force: false, now: 1)
        #expect(refused.count == 1, "the remaining entry is older than a delivered write")
    }

    @Test func `a retried record is the newest write, so another entry of its id is superseded`() async throws {
        let bench = try QueueBench()
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        try await bench.refuseAll()
        try await bench.accept([#"{"id":"a","values":[2]}"#])
        try await bench.refuseAll()
        let entries = try await bench.queue.quarantine()
        #expect(try await bench.queue.retryQuarantined([entries[0].number], force: true, now: 1) == [])
        #expect(try await bench.queue.quarantine().map(\.superseded) == [true])
        #expect(try await bench.drain() == [#"{"id":"a","values":[1]},"#])
    }

    @Test func `a version that waits beyond the index makes a record obsolete as it is quarantined`() async throws {
        let bench = try QueueBench(indexRecordsMax: 1, foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        let batch = try #require(try await bench.take())
        try await bench.accept([#"{"id":"b","values":[1]}"#, #"{"id":"a","values":[2]}"#])
        try await bench.queue.settle(
            [Settlement(batch: batch, result: .quarantined(reason: "no"), holdUntil: nil)], now: 1)
        #expect(try await bench.queue.quarantine().map(\.superseded) == [true])
        #expect(try await bench.drain().last == #"{"id":"a","values":[2]},"#)
    }

    @Test func `a mended record takes the place of the old one in one commit`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        try await bench.refuseAll()
        let entry = try await number(bench, "a")
        try await bench.accept([#"{"id":"a","values":[9]}"#], replacing: [entry])
        try await bench.reopen()
        let status = try await bench.checkedStatus()
        #expect(status.quarantinedCurrent == 0 && status.queuedRecords == 1 && status.totals.coalescedRecords == 1)
        #expect(try await bench.drain() == [#"{"id":"a","values":[9]},"#])
        let receipt = try #require(try await bench.queue.receipt("s1"))
        #expect(receipt.counts.superseded == 1 && receipt.counts.quarantined == 0 && receipt.settledAt != nil)
        await #expect(throws: QueueError.self, "it is gone") {
            try await bench.accept([#"{"id":"a","values":[9]}"#], replacing: [entry])
        }
        #expect(try await bench.checkedStatus().queuedRecords == 0, "nothing of a failed commit stays")
    }

    @Test func `a thousand are retried in one commit, and those that cannot be are named`() async throws {
        let bench = try QueueBench()
        try await bench.accept((0..<1_000).map { #"{"id":"k\#($0)","values":[1]}"# })
        try await bench.refuseAll()
        try await bench.accept([#"{"id":"k7","values":[2]}"#])
        let numbers = try await bench.queue.quarantine().map(\.number)
        let refused = try await bench.queue.retryQuarantined(numbers + [99_999], force: false, now: 1)
        #expect(refused.map(\.isAbsent) == [false, true])
        #expect(refused[0].message.contains("k7") && refused[0].message.contains("--force"))
        #expect(try await bench.drain().count == 1_000)
        #expect(try await bench.checkedStatus().quarantinedByTarget == ["t": 1])
    }

    @Test func `a list carries sizes but not contents`() async throws {
        let bench = try QueueBench()
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        try await bench.refuseAll()
        let entry = try #require(try await bench.queue.quarantine().first)
        #expect(entry.data.isEmpty && entry.bytes == 11)
        #expect(try await bench.queue.quarantine(number: entry.number).data.count == entry.bytes)
    }
}
