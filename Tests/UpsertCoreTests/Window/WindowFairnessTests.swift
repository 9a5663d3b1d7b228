import Testing
import UpsertCore

/// Who has a turn when, and what a batch that is put back means for newer writes.
@Suite struct WindowFairnessTests {
    @Test func `namespaces have turns one after another whatever waits behind one of them`() throws {
        let bench = WindowBench()
        for lane in 10..<1_010 as Range<LaneNumber> {
            bench.window.register(lane: lane, target: "t", namespace: "n\(lane)")
        }
        for number in 0..<5_000 { bench.append("big\(number)", lane: 1) }
        for lane in 10..<1_010 as Range<LaneNumber> { bench.append("small", lane: lane) }
        var order: [LaneNumber] = []
        while let batch = bench.take() {
            order.append(batch.lane)
            bench.settle(batch)
        }
        let first = order.prefix(1_001)
        #expect(Set(first).count == 1_001, "each of the 1,001 has one turn before any has two")
        #expect(order.dropFirst(1_001).allSatisfy { $0 == 1 })
    }

    @Test func `a namespace that is closed keeps nobody waiting and says when to look again`() throws {
        let bench = WindowBench()
        bench.append("a", lane: 1)
        bench.append("b", lane: 2)
        let batch = try #require(bench.take { lane, _ in lane == 1 ? .closed(until: 70) : .open })
        #expect(batch.lane == 2)
        #expect(bench.wait(at: 0, linger: 0) { lane, _ in lane == 1 ? .closed(until: 70) : .open } == 70)
        #expect(try #require(bench.take(at: 70)).lane == 1)
    }

    @Test func `a probe takes one record`() throws {
        let bench = WindowBench()
        bench.append("a", "b", "c")
        #expect(try #require(bench.take { _, _ in .probe }).count == 1)
    }

    @Test func `deletes of a namespace are not starved by its upserts`() throws {
        let bench = WindowBench()
        bench.append("u0")
        bench.append("d", operation: .delete)
        var turns = 0
        while let batch = bench.take() {
            turns += 1
            if batch.operation == .delete { break }
            bench.append("u\(turns)")
            bench.settle(batch)
            try #require(turns < 10)
        }
        #expect(turns == 2)
    }

    @Test func `a newer write replaces a record that is put back`() throws {
        let bench = WindowBench()
        bench.append("a", "b")
        let batch = try #require(bench.take())
        bench.append("a")
        #expect(bench.take() == nil)
        bench.window.putBack(batch, now: 0)
        #expect(bench.window.queuedRecords == 2)
        #expect(Set(try #require(bench.take()).names) == ["b1", "a2"])
        #expect(bench.take() == nil)
    }

    @Test func `an update that came meanwhile follows the record that is put back`() throws {
        let bench = WindowBench()
        bench.append("a")
        let batch = try #require(bench.take())
        bench.append("a", operation: .update)
        bench.window.putBack(batch, now: 0)
        let first = try #require(bench.take())
        #expect(first.names == ["a1"])
        bench.settle(first)
        #expect(try #require(bench.take()).names == ["a2"])
    }

    @Test func `what an unclean start found and puts back still makes its successor wait`() throws {
        let bench = WindowBench(foundUntil: 1_000)
        bench.append("a", found: true)
        let batch = try #require(bench.take(at: 10))
        bench.append("a", at: 20)
        bench.window.putBack(batch, now: 20)
        #expect(bench.take(at: 999) == nil)
        #expect(try #require(bench.take(at: 1_000)).names == ["a2"])
    }

    @Test func `a backlog beyond the index leaves room for the first chunk of every namespace`() throws {
        let bench = WindowBench(indexRecordsMax: 4)
        for number in 0..<10 { bench.append("big\(number)", lane: 1) }
        bench.append("small", lane: 2)
        let lanes = Set([try #require(bench.take()).lane, try #require(bench.take()).lane])
        #expect(lanes == [1, 2])
    }
}
