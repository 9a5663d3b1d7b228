import Testing
import UpsertCore
import UpsertSQLite
import UpsertStorage
import UpsertTestSupport

@Suite struct QueueTests {
    @Test func `the file is opened with synchronous FULL, a write-ahead log, large pages and room to shrink`() throws {
        let directory = TemporaryDirectory()
        let connection = try QueueFile.open(directory: directory.path)
        #expect(try connection.integer("PRAGMA synchronous") == 2)
        #expect(try connection.text("PRAGMA journal_mode") == "wal")
        #expect(try connection.integer("PRAGMA page_size") == 32_768)
        #expect(try connection.integer("PRAGMA auto_vacuum") == 2)
        #expect(try connection.integer("PRAGMA secure_delete") == 0)
        #expect(try connection.text("PRAGMA locking_mode") == "exclusive")
    }

    @Test func `a database of a newer version is refused with what to do, and not changed`() throws {
        let directory = TemporaryDirectory()
        do {
            let connection = try QueueFile.open(directory: directory.path)
            try connection.execute("PRAGMA user_version = 99")
        }
        let error = #expect(throws: QueueError.self) { try QueueFile.open(directory: directory.path) }
        #expect(error?.code == .newer)
        #expect(error?.message.contains("install that version again") == true)
    }

    @Test func `two processes cannot share a queue`() throws {
        let bench = try QueueBench()
        let error = #expect(throws: QueueError.self) { try Queue(bench.options, now: 0) }
        #expect(error?.code == .inUse)
    }

    @Test func `accepted records survive reopening after every step, in order`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#, #"{"id":"b","values":[2]}"#])
        try await bench.reopen()
        try await bench.accept([#"{"id":"a","values":[3]}"#])
        try await bench.reopen()
        #expect(try await bench.checkedStatus().queuedRecords == 2)
        let sent = try await bench.drain()
        #expect(Set(sent) == [#"{"id":"b","values":[2]},"#, #"{"id":"a","values":[3]},"#])
        try await bench.reopen()
        #expect(try await bench.drain() == [])
        let status = try await bench.checkedStatus()
        #expect(status.totals.deliveredRecords == 2)
        #expect(status.totals.coalescedRecords == 1)
    }

    @Test func `a delivered newer version does not bring its replaced older one back after a crash`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#, #"{"id":"b","values":[1]}"#])
        try await bench.accept([#"{"id":"a","values":[2]}"#])
        let batch = try #require(try await bench.take())
        let newest = try #require(
            (0..<batch.count).first { batch.text($0).contains("[2]") })
        let only = batch.part(newest..<newest + 1)
        try await bench.queue.settle([Settlement(batch: only, result: .delivered, holdUntil: nil)], now: 0)
        try await bench.reopen()
        #expect(try await bench.drain() == [#"{"id":"b","values":[1]},"#])
    }

    @Test func `a hold after an ambiguous outcome outlives a clean restart`() async throws {
        let bench = try QueueBench()
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        let batch = try #require(try await bench.take())
        try await bench.queue.settle([Settlement(batch: batch, result: .delivered, holdUntil: 5_000)], now: 10)
        try await bench.reopen(clean: true, at: 20)
        #expect(bench.queue.startedUnclean == false)
        try await bench.accept([#"{"id":"a","values":[2]}"#], at: 30)
        #expect(try await bench.take(at: 4_999) == nil)
        #expect(try await bench.take(at: 5_000)?.count == 1)
    }

    @Test func `an unclean start lets found records go and makes their successors wait`() async throws {
        let bench = try QueueBench(foundHold: 1_000)
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        try await bench.reopen(at: 100)
        #expect(bench.queue.startedUnclean)
        let found = try #require(try await bench.take(at: 101))
        try await bench.queue.settle([Settlement(batch: found, result: .delivered, holdUntil: nil)], now: 102)
        try await bench.accept([#"{"id":"a","values":[2]}"#, #"{"id":"new","values":[2]}"#], at: 103)
        #expect(try await bench.take(at: 104)?.count == 1, "a new id need not wait")
        #expect(try await bench.take(at: 1_099) == nil)
        #expect(try await bench.take(at: 1_100)?.count == 1)
    }

    @Test func `updates merge with what waits, by the coalescing law`() async throws {
        let bench = try QueueBench()
        try await bench.accept([#"{"id":"a","values":[1],"metadata":{"x":1,"y":2}}"#, #"{"op":"delete","id":"d"}"#])
        try await bench.accept([
            #"{"op":"update","id":"a","set_metadata":{"x":9}}"#, #"{"op":"update","id":"d","set_metadata":{"x":9}}"#,
            #"{"op":"update","id":"u","set_metadata":{"x":1}}"#,
        ])
        try await bench.accept([#"{"op":"update","id":"u","values":[5]}"#])
        let status = try await bench.checkedStatus()
        #expect(status.queuedRecords == 3)
        #expect(status.totals.noEffectRecords == 1)
        let sent = try await bench.drain()
        #expect(sent.contains(#"{"id":"a","values":[1],"metadata":{"x":9,"y":2}},"#), "\(sent)")
        #expect(sent.contains(#""d","#))
        #expect(sent.contains(#"{"id":"u","values":[5],"setMetadata":{"x":1}}"#), "\(sent)")
        try await bench.checkedStatus()
    }

    @Test func `an update that would break a limit is refused alone and the waiting write stands`() async throws {
        let bench = try QueueBench()
        let large = String(repeating: "m", count: 30_000)
        try await bench.accept([#"{"id":"a","values":[1],"metadata":{"x":"\#(large)"}}"#])
        let result = try await bench.accept([#"{"op":"update","id":"a","set_metadata":{"y":"\#(large)"}}"#])
        guard case .refused(let updates) = result else { return #expect(Bool(false), "\(result)") }
        #expect(updates.first?.rejection.code == .metadataTooLarge)
        #expect(try await bench.checkedStatus().queuedRecords == 1)
        #expect(try await bench.drain().first?.contains(large) == true)
    }

    @Test func `a refused record lies in quarantine until it is retried or dropped`() async throws {
        let bench = try QueueBench()
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        try await bench.accept([#"{"id":"b","values":[1]}"#], namespace: "n")
        while let batch = try await bench.take() {
            try await bench.queue.settle(
                [Settlement(batch: batch, result: .quarantined(reason: "no such thing"), holdUntil: nil)], now: 1)
        }
        try await bench.reopen()
        let entries = try await bench.queue.quarantine()
        #expect(Set(entries.map(\.id)) == ["a", "b"])
        #expect(entries.allSatisfy { $0.reason == "no such thing" })
        let first = try #require(entries.first { $0.id == "a" })
        let second = try #require(entries.first { $0.id == "b" })
        try await bench.accept([#"{"id":"a","values":[2]}"#])
        let refused = try await bench.queue.retryQuarantined([first.number], force: false, now: 2)
        #expect(refused.map(\.number) == [first.number], "a newer write for the same id was accepted since")
        #expect(try await bench.queue.dropQuarantined([first.number], now: 2) == [])
        #expect(try await bench.queue.retryQuarantined([second.number], force: false, now: 2) == [])
        let sent = try await bench.drain(at: 100_000)
        #expect(Set(sent) == [#"{"id":"a","values":[2]},"#, #"{"id":"b","values":[1]},"#])
        let status = try await bench.checkedStatus()
        #expect(status.totals.droppedRecords == 1)
        #expect(status.quarantinedCurrent == 0)
    }

    @Test func `a receipt settles when the last of its records has`() async throws {
        let bench = try QueueBench()
        try await bench.accept([#"{"id":"a","values":[1]}"#, #"{"id":"b","values":[1]}"#])
        try await bench.accept([#"{"id":"a","values":[2]}"#])
        #expect(try await bench.queue.receipt("s1")?.settledAt == nil)
        _ = try await bench.drain()
        let first = try #require(try await bench.queue.receipt("s1"))
        #expect(first.counts.delivered == 1)
        #expect(first.counts.superseded == 1)
        #expect(first.settledAt != nil)
        #expect(try await bench.queue.receipt("2")?.counts.delivered == 1)
        #expect(try await bench.queue.receipt("unknown") == nil)
    }

    @Test func `sequence numbers grow over restarts and skip what a spool already uses`() async throws {
        let bench = try QueueBench()
        let first = try await bench.queue.reserveSequences(10)
        try await bench.reopen()
        try await bench.queue.skipSequences(through: 500)
        let second = try await bench.queue.reserveSequences(1)
        #expect(first == 1..<11)
        #expect(second == 501..<502)
    }

    @Test func `with a tiny index the queue still drains everything in order`() async throws {
        let bench = try QueueBench(indexRecordsMax: 3)
        for version in 0..<20 {
            try await bench.accept((0..<5).map { #"{"id":"k\#($0)","values":[\#(version + 1)]}"# })
        }
        var last: [String: String] = [:]
        for record in try await bench.drain() { last[String(record.prefix(9))] = record }
        #expect(last.count == 5)
        #expect(last.values.allSatisfy { $0.contains("[20]") })
        try await bench.checkedStatus()
    }
}
