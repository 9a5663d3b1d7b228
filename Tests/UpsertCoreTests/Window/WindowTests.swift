import Testing
import UpsertCore

/// A window with one lane, fed with tiny chunks of four bytes a record.
final class WindowBench {
    var window: Window
    private var sequence: Int64 = 0
    private var contents: [Int64: ChunkContent] = [:]

    init(indexRecordsMax: Int = 1_000_000, foundUntil: Int64 = 0) {
        window = Window(indexRecordsMax: indexRecordsMax, foundUntil: foundUntil)
        window.register(lane: 1, target: "t", namespace: "")
        window.register(lane: 2, target: "t", namespace: "other")
    }

    static func key(_ name: String, lane: LaneNumber = 1) -> RecordKey {
        RecordKeyHasher(secret: Array(0..<16)).key(lane: lane, id: Array(name.utf8))
    }

    /// Appends a chunk and returns its sequence.
    @discardableResult
    func append(
        _ names: String..., operation: OperationKind = .upsert, lane: LaneNumber = 1, at now: Int64 = 0,
        found: Bool = false
    ) -> Int64 {
        append(names, operation: operation, lane: lane, at: now, found: found)
    }

    @discardableResult
    func append(
        _ names: [String], operation: OperationKind, lane: LaneNumber, at now: Int64, found: Bool = false
    ) -> Int64 {
        sequence += 1
        var directory = ChunkDirectory()
        var payload: [UInt8] = []
        for name in names {
            payload += Array((name + "\(sequence)____").utf8.prefix(4))
            directory.append(key: Self.key(name, lane: lane), end: payload.count, weight: 4)
        }
        contents[sequence] = ChunkContent(directory: directory, payload: payload)
        let chunk = ChunkState(
            sequence: sequence, lane: lane, operation: operation, encoding: .protobuf,
            submissions: SubmissionRuns(sequence),
            acceptedAt: now, records: names.count, bytes: payload.count, done: Bitmap(count: names.count), found: found)
        window.append(chunk, keys: directory.keys, now: now)
        return sequence
    }

    /// Takes the first cold chunk of a lane that there is room for into the index.
    func warm(_ lane: LaneNumber, at now: Int64) {
        guard let next = window.nextCold(in: lane), let content = contents[next.sequence] else { return }
        window.warmFirst(of: lane, keys: content.directory.keys, now: now)
    }

    /// Rewrites the chunks of which little is live, as maintenance does.
    func rewriteSparse() {
        for chunk in window.sparseChunks(bytesMin: 0) {
            guard let old = contents[chunk.sequence],
                let live = window.movable(slot: chunk.slot, keys: old.directory.keys)
            else { continue }
            var directory = ChunkDirectory()
            var payload: [UInt8] = []
            for position in live {
                payload += old.payload[old.directory.range(position)]
                directory.append(key: old.directory.keys[position], end: payload.count, weight: 4)
            }
            window.rewritten(slot: chunk.slot, live: live, keys: old.directory.keys, bytes: payload.count)
            contents[chunk.sequence] = ChunkContent(directory: directory, payload: payload)
        }
    }

    func take(
        target: String = "t", at now: Int64 = 0, linger: Int64 = 0, urgent: Bool = true,
        admission: @escaping @Sendable (LaneNumber, OperationKind) -> LaneAdmission = { _, _ in .open }
    ) -> Batch? {
        let contents = contents
        let rules = TakeRules(now: now, linger: linger, urgent: urgent, admission: admission)
        let take = window.take(target: target, rules: rules) { _, sequence in contents[sequence]! }
        if case .batch(let batch) = take { return batch }
        return nil
    }

    func wait(
        at now: Int64, linger: Int64,
        admission: @escaping @Sendable (LaneNumber, OperationKind) -> LaneAdmission = { _, _ in .open }
    ) -> Int64? {
        let contents = contents
        let rules = TakeRules(now: now, linger: linger, urgent: false, admission: admission)
        let take = window.take(target: "t", rules: rules) { _, sequence in contents[sequence]! }
        if case .wait(let until) = take { return until }
        return nil
    }

    func settle(_ batch: Batch, holdUntil: Int64? = nil, at now: Int64 = 0) {
        window.settle(batch, holdUntil: holdUntil, now: now)
        window.saved(window.unsaved())
    }
}

extension Batch {
    /// The records as text: name and the sequence of their chunk.
    var names: [String] { (0..<count).map { String(decoding: record($0), as: UTF8.self).filter { $0 != "_" } } }
}

@Suite struct WindowTests {
    @Test func `a newer upsert replaces the waiting one and only it is sent`() throws {
        let bench = WindowBench()
        bench.append("a", "b")
        bench.append("a")
        #expect(bench.window.queuedRecords == 2)
        let batch = try #require(bench.take())
        #expect(Set(batch.names) == ["b1", "a2"])
        bench.settle(batch)
        #expect(bench.window.queuedRecords == 0)
        #expect(bench.take() == nil)
    }

    @Test func `a newer write waits while the older one is in flight`() throws {
        let bench = WindowBench()
        bench.append("a")
        let first = try #require(bench.take())
        bench.append("a", operation: .delete)
        #expect(bench.take() == nil)
        bench.append("a")
        bench.settle(first)
        let second = try #require(bench.take())
        #expect(second.names == ["a3"])
        #expect(second.operation == .upsert)
    }

    @Test func `updates that could not be merged go out one after another, in order`() throws {
        let bench = WindowBench()
        bench.append("a")
        bench.append("a", operation: .update)
        bench.append("a", operation: .update)
        for expected in ["a1", "a2", "a3"] {
            let batch = try #require(bench.take())
            #expect(batch.names == [expected])
            #expect(bench.take() == nil)
            bench.settle(batch)
        }
        #expect(bench.window.queuedRecords == 0)
    }

    @Test func `a key stays held after an ambiguous outcome, other keys go on`() throws {
        let bench = WindowBench()
        bench.append("a")
        let first = try #require(bench.take())
        bench.append("a", "b")
        bench.settle(first, holdUntil: 1_000, at: 10)
        #expect(try #require(bench.take(at: 20)).names == ["b2"])
        #expect(bench.take(at: 999) == nil)
        #expect(try #require(bench.take(at: 1_000)).names == ["a2"])
    }

    @Test func `a write accepted during a hold waits for its end`() throws {
        let bench = WindowBench()
        bench.append("a")
        bench.settle(try #require(bench.take()), holdUntil: 1_000, at: 10)
        bench.append("a", at: 20)
        #expect(bench.take(at: 20) == nil)
        #expect(bench.wait(at: 20, linger: 0) == 1_000)
        #expect(try #require(bench.take(at: 1_000)).names == ["a2"])
    }

    @Test func `after an unclean start a found record goes at once and its successor waits`() throws {
        let bench = WindowBench(foundUntil: 500)
        bench.append("a", "b", found: true)
        bench.append("b", found: true)
        let first = try #require(bench.take(at: 1))
        #expect(first.names == ["a1"], "b was replaced, so its older version may still be in flight somewhere")
        bench.settle(first, at: 2)
        bench.append("a", at: 3)
        #expect(bench.take(at: 3) == nil)
        #expect(Set(try #require(bench.take(at: 500)).names) == ["b2", "a3"])
    }

    @Test func `a waiting record keeps its turn when it is overwritten`() throws {
        let other = WindowBench()
        for number in 0..<1_000 { other.append("first\(number)", lane: 1) }
        other.append("late")
        other.append("first0")
        // 1,001 records wait and 1,000 fit: first0 keeps the oldest turn although its newest version came last.
        let batch = try #require(other.take())
        #expect(batch.count == 1_000)
        #expect(!batch.names.contains { $0.hasPrefix("late") })
    }

    @Test func `a batch waits to fill, at most as long as the linger says`() throws {
        let bench = WindowBench()
        bench.append("a", at: 100)
        #expect(bench.wait(at: 150, linger: 200) == 300)
        #expect(bench.take(at: 299, linger: 200, urgent: false) == nil)
        #expect(try #require(bench.take(at: 300, linger: 200, urgent: false)).count == 1)
    }

    @Test func `namespaces take turns`() throws {
        let bench = WindowBench()
        for number in 0..<3_000 { bench.append("r\(number)") }
        bench.append("r", lane: 2)
        let lanes = [try #require(bench.take()).lane, try #require(bench.take()).lane]
        #expect(Set(lanes) == [1, 2])
    }

    @Test func `chunks beyond the index's bound stay cold and follow in order`() throws {
        let bench = WindowBench(indexRecordsMax: 2)
        bench.append("a", "b")
        bench.append("a")
        #expect(bench.window.coldChunks == 1)
        let first = try #require(bench.take())
        #expect(Set(first.names) == ["a1", "b1"])
        bench.settle(first)
        let next = try #require(bench.window.nextCold(in: 1))
        #expect(next.sequence == 2)
        bench.window.warmFirst(of: 1, keys: [WindowBench.key("a")], now: 0)
        #expect(try #require(bench.take()).names == ["a2"])
    }

    @Test func `what a settle commit must store includes every record superseded before`() throws {
        let bench = WindowBench()
        bench.append("a", "b", "c")
        bench.append("a")
        let batch = try #require(bench.take())
        let newest = try #require(batch.names.firstIndex(of: "a2"))
        bench.window.settle(batch.part(newest..<newest + 1), holdUntil: nil, now: 0)
        let unsaved = bench.window.unsaved()
        #expect(unsaved.dead.map(\.sequence) == [2])
        #expect(unsaved.changed.map(\.sequence) == [1])
        #expect(unsaved.changed.first?.done == [0b001])
        #expect(unsaved.superseded == [1: 1])
        // Until the commit succeeds the same is asked for again.
        #expect(bench.window.unsaved().dead.map(\.sequence) == [2])
    }
}
