import Testing
import UpsertCore
import UpsertTestSupport

@testable import UpsertSQLite
@testable import UpsertStorage

/// Chunks of which little is live are stored again without the rest.
@Suite struct QueueRewriteTests {
    private static let filler = String(repeating: "f", count: 2_000)

    private func record(_ id: String, _ value: Int = 1) -> String {
        #"{"id":"\#(id)","values":[\#(value)],"metadata":{"f":"\#(Self.filler)"}}"#
    }

    private func settle(_ bench: QueueBench, _ batch: Batch, except kept: Set<String>) async throws -> [Batch] {
        var left: [Batch] = []
        for index in 0..<batch.count {
            let part = batch.part(index..<index + 1)
            let id = RecordID.text(of: part.record(0), part.operation, part.encoding)
            if kept.contains(id) {
                left.append(part)
            } else {
                try await bench.queue.settle([Settlement(batch: part, result: .delivered, holdUntil: nil)], now: 0)
            }
        }
        return left
    }

    @Test func `a few lingering records do not keep a large chunk on the disk`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept((0..<400).map { record("k\($0)") })
        let batch = try #require(try await bench.take())
        #expect(batch.count == 400)
        let left = try await settle(bench, batch, except: ["k17", "k399"])
        for part in left { await bench.queue.putBack(part, now: 0) }
        let before = try await bench.checkedStatus().queuedBytes
        #expect(try await bench.queue.rewriteSparse(now: 1) == false)
        let after = try await bench.checkedStatus()
        #expect(before > 800_000 && after.queuedBytes < 5_000 && after.queuedRecords == 2)
        #expect(try await bench.queue.storedPayloadBytes() == after.queuedBytes)
        try await bench.reopen()
        #expect(try await bench.checkedStatus().queuedRecords == 2)
        #expect(Set(try await bench.drain().map { String($0.prefix(11)) }) == [#"{"id":"k17""#, #"{"id":"k399"#])
        try await bench.checkedStatus()
    }

    @Test func `a chunk with a record on the wire is left for another time`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept((0..<40).map { record("k\($0)") })
        let batch = try #require(try await bench.take())
        let left = try await settle(bench, batch, except: ["k3"])
        let before = try await bench.checkedStatus().queuedBytes
        #expect(try await bench.queue.rewriteSparse(now: 1) == false)
        #expect(try await bench.checkedStatus().queuedBytes == before)
        try await bench.queue.settle([Settlement(batch: left[0], result: .delivered, holdUntil: nil)], now: 0)
        #expect(try await bench.checkedStatus().queuedRecords == 0)
    }

    @Test func `versions that wait behind others keep their order when their chunk is rewritten`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([record("a", 1)])
        let first = try #require(try await bench.take())
        // An update waits behind the version in flight, in a chunk whose other records go.
        try await bench.accept(
            (0..<40).map { #"{"op":"update","id":"u\#($0)","set_metadata":{"f":"\#(Self.filler)"}}"# }
                + [#"{"op":"update","id":"a","set_metadata":{"f":"new"}}"#])
        while let update = try await bench.take() {
            try await bench.queue.settle([Settlement(batch: update, result: .delivered, holdUntil: nil)], now: 0)
        }
        #expect(try await bench.queue.rewriteSparse(now: 1) == false)
        #expect(try await bench.queue.storedPayloadBytes() < 10_000)
        try await bench.accept([record("b", 1)])
        try await bench.queue.settle([Settlement(batch: first, result: .delivered, holdUntil: nil)], now: 0)
        let sent = try await bench.drain()
        #expect(sent.contains { $0.contains(#""f":"new""#) }, "\(sent.map { $0.prefix(40) })")
        #expect(try await bench.checkedStatus().queuedRecords == 0)
    }

    @Test func `superseded records of a rewritten chunk stay counted`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept((0..<40).map { record("k\($0)") })
        try await bench.accept((0..<39).map { record("k\($0)", 2) })
        #expect(try await bench.queue.rewriteSparse(now: 1) == false)
        try await bench.reopen()
        let status = try await bench.checkedStatus()
        #expect(status.totals.coalescedRecords == 39 && status.queuedRecords == 40)
        #expect(try await bench.queue.receipt("s1")?.counts.superseded == 39)
        #expect(try await bench.drain().count == 40)
    }
}

extension Queue {
    /// Bytes of all payloads on disk.
    func storedPayloadBytes() throws -> Int {
        Int(try connection.integer("SELECT coalesce(sum(length(data)), 0) FROM payload"))
    }
}
