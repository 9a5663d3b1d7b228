import Testing
import UpsertCore

@testable import UpsertStorage

@Suite struct ContentCacheTests {
    /// One record of 60 KB; the bench's queue keeps 100 KB in memory.
    private func record(_ id: String) -> String {
        #"{"id":"\#(id)","values":[\#(Array(repeating: "1", count: 15_000).joined(separator: ","))]}"#
    }

    @Test func `a chunk on the wire leaves its room in memory to one accepted meanwhile`() async throws {
        let bench = try QueueBench()
        try await bench.accept([record("a")])
        try await bench.accept([record("b")])
        #expect(await bench.queue.kept(1...2) == [1], "there is room for one")
        let first = try #require(try await bench.take())
        #expect(first.count == 2)
        try await bench.accept([record("c")])
        #expect(await bench.queue.kept(1...3) == [3])
        await bench.queue.putBack(first, now: 0)
        #expect(try await bench.drain().count == 3, "what is not kept is read back")
        #expect(await bench.queue.kept(1...3) == [])
    }

    @Test func `a chunk that is taken in parts is read back once`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#, #"{"id":"b","values":[1]}"#])
        try await bench.reopen(clean: true)
        #expect(await bench.queue.kept(1...1) == [])
        let one = TakeRules(now: 0, linger: 0, urgent: true, admission: { _, _ in .probe })
        for kept in [[1], []] as [[Int64]] {
            guard case .batch(let batch) = try await bench.queue.take(target: "t", rules: one) else {
                Issue.record("nothing to take")
                return
            }
            #expect(batch.count == 1)
            #expect(await bench.queue.kept(1...1) == kept)
        }
    }
}

extension Queue {
    /// Which of these chunks are in memory.
    func kept(_ sequences: ClosedRange<Int64>) -> [Int64] { sequences.filter { contents[$0] != nil } }
}
