import Testing
import UpsertCore
import UpsertTestSupport

@testable import UpsertStorage

/// Records whose target is gone, or now another index.
@Suite struct QueueTargetTests {
    @Test func `a target whose host changes is told apart only while records wait`() async throws {
        let bench = try QueueBench(foundHold: 0)
        #expect(try await bench.queue.adoptHost("a.example", target: "t") == nil)
        #expect(try await bench.queue.adoptHost("b.example", target: "t") == nil, "nothing waits")
        try await bench.accept([#"{"id":"x","values":[1]}"#])
        #expect(try await bench.queue.adoptHost("c.example", target: "t") == "b.example")
        try await bench.reopen()
        #expect(try await bench.queue.adoptHost("c.example", target: "t") == "b.example", "also after a restart")
        #expect(try await bench.queue.adoptHost("b.example", target: "t") == nil, "the old host is back")
        try await bench.queue.setHost("c.example", target: "t")
        #expect(try await bench.queue.adoptHost("c.example", target: "t") == nil)
    }

    @Test func `records move to another target in the order of acceptance, and the newer of two writes wins`()
        async throws
    {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#, #"{"id":"b","values":[1]}"#], target: "old")
        try await bench.accept([#"{"id":"a","values":[2]}"#], target: "t")
        try await bench.accept([#"{"id":"b","values":[3]}"#], target: "t")
        try await bench.accept([#"{"id":"b","values":[4]}"#], target: "old")
        try await bench.accept([#"{"id":"c","values":[5]}"#], namespace: "only", target: "old")
        try await bench.close()
        do {
            let queue = try StoppedQueue(directory: bench.directory.path)
            #expect(try queue.moveTarget("old", to: "t") == 4)
            #expect(queue.check().findings == [])
        }
        try bench.open()
        let status = try await bench.checkedStatus()
        #expect(status.queuedByTarget == ["t": 3])
        #expect(
            Set(try await bench.drain()) == [
                #"{"id":"a","values":[2]},"#, #"{"id":"b","values":[4]},"#, #"{"id":"c","values":[5]},"#,
            ])
        try await bench.checkedStatus()
    }

    @Test func `quarantined records move too, and then need force`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        try await bench.refuseAll()
        try await bench.accept([#"{"id":"x","values":[1]}"#], target: "new")
        try await bench.close()
        do {
            let queue = try StoppedQueue(directory: bench.directory.path)
            #expect(try queue.moveTarget("t", to: "new") == 1)
        }
        try bench.open()
        let entry = try #require(try await bench.queue.quarantine().first)
        #expect(entry.target == "new" && entry.superseded)
    }

    @Test func `records of a target are dropped by command, and stay accounted for`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#, #"{"id":"b","values":[1]}"#], target: "old")
        try await bench.accept([#"{"id":"a","values":[2]}"#], target: "old")
        try await bench.accept([#"{"id":"a","values":[3]}"#])
        try await bench.close()
        do {
            let queue = try StoppedQueue(directory: bench.directory.path)
            #expect(try queue.dropTarget("old") == 2)
            #expect(throws: QueueError.self) { try queue.dropTarget("old") }
            #expect(queue.check().findings == [])
        }
        try bench.open()
        let status = try await bench.checkedStatus()
        #expect(status.totals.droppedRecords == 2 && status.totals.coalescedRecords == 1)
        #expect(try await bench.drain() == [#"{"id":"a","values":[3]},"#])
    }
}
