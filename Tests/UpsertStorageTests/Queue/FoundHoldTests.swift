import Testing
import UpsertCore
import UpsertStorage
import UpsertTestSupport

/// Requests that were on the wire when the process died may still be applied, whatever happens to the queue meanwhile.
@Suite struct FoundHoldTests {
    private func record(_ version: Int) -> String { #"{"id":"a","values":[\#(version)]}"# }

    /// A queue that was killed at 100 with version 1 on the wire, and may not send another one before 1,100.
    private func killedQueue() async throws -> QueueBench {
        let bench = try QueueBench(foundHold: 1_000)
        try await bench.accept([record(1)])
        _ = try #require(try await bench.take())
        try await bench.reopen(at: 100)
        return bench
    }

    private func expectHeld(_ bench: QueueBench, from now: Int64) async throws {
        #expect(try await bench.take(at: now) == nil)
        #expect(try await bench.take(at: 1_099) == nil)
        #expect(try await bench.take(at: 1_100)?.count == 1)
    }

    @Test(arguments: [true, false])
    func `a repeat's acknowledgement and a restart do not end the hold`(clean: Bool) async throws {
        let bench = try await killedQueue()
        let repeated = try #require(try await bench.take(at: 101))
        try await bench.queue.settle([Settlement(batch: repeated, result: .delivered, holdUntil: nil)], now: 102)
        bench.options.foundHold = 0
        try await bench.reopen(clean: clean, at: 110)
        try await bench.accept([record(2)], at: 111)
        try await expectHeld(bench, from: 112)
    }

    @Test func `a newer version that replaced the one on the wire stays held over a clean restart`() async throws {
        let bench = try await killedQueue()
        try await bench.accept([record(2)], at: 101)
        try await bench.reopen(clean: true, at: 110)
        try await expectHeld(bench, from: 111)
    }

    @Test func `a clean stop before the repeat was sent does not end the hold`() async throws {
        let bench = try await killedQueue()
        try await bench.reopen(clean: true, at: 110)
        #expect(bench.queue.startedUnclean == false)
        try await bench.accept([record(2)], at: 111)
        try await expectHeld(bench, from: 112)
    }

    @Test func `once the hold is over a clean restart holds nothing`() async throws {
        let bench = try await killedQueue()
        try await bench.reopen(clean: true, at: 1_100)
        try await bench.accept([record(2)], at: 1_101)
        #expect(try await bench.take(at: 1_101)?.count == 1)
    }

    @Test func `an update is not merged past a newer write outside the index`() async throws {
        let bench = try QueueBench(indexRecordsMax: 1)
        try await bench.accept([record(1), #"{"id":"b","values":[1]}"#])
        try await bench.accept([record(2)])
        try await bench.accept([#"{"op":"update","id":"a","set_metadata":{"m":1}}"#])
        let sent = try await bench.drain().filter { $0.contains(#""id":"a""#) }
        let newest = try #require(sent.lastIndex { $0.contains("[2]") })
        #expect(sent.allSatisfy { !($0.contains("[1]") && $0.contains("\"m\"")) }, "\(sent)")
        #expect(sent[newest...].contains { $0.contains("\"m\":1") }, "\(sent)")
    }
}
