import Testing
import UpsertTestSupport

@testable import UpsertCore

/// What the status shows is kept as it changes; here it is counted anew after every step.
@Suite struct WindowFiguresTests {
    private static let lanes: [(number: LaneNumber, target: String)] = [
        (1, "t"), (2, "t"), (10, "u"), (11, "u"), (12, "v"),
    ]

    private static func expectRecount(_ window: Window, _ step: Int) throws {
        var records: [String: Int] = [:]
        var (total, bytes) = (0, 0)
        var oldest: Int64?
        for case let chunk? in window.chunks {
            bytes += chunk.bytes
            guard chunk.live > 0, let lane = window.lane(chunk.lane) else { continue }
            #expect(chunk.live == chunk.records - chunk.done.population)
            records[lane.target, default: 0] += chunk.live
            total += chunk.live
            oldest = min(oldest ?? .max, chunk.acceptedAt)
        }
        try #require(window.queuedByTarget == records, "step \(step)")
        try #require(window.oldestAcceptedAt == oldest, "step \(step)")
        try #require(window.queuedRecords == total && window.queuedBytes == bytes, "step \(step)")
    }

    @Test(arguments: [1_000_000, 30])
    func `figures are what a recount says after thousands of random steps`(indexRecordsMax: Int) throws {
        var generator = TestRandom.forTest()
        for _ in 0..<TestEnvironment.runs(5) {
            let bench = WindowBench(indexRecordsMax: indexRecordsMax, foundUntil: 300)
            for lane in Self.lanes { bench.window.register(lane: lane.number, target: lane.target, namespace: "n") }
            var batches: [Batch] = []
            var now: Int64 = 0
            for step in 0..<2_000 {
                // Clocks go back, too.
                now = max(0, now + Int64.random(in: -3...5, using: &generator))
                try Self.step(bench, &batches, now, &generator)
                try Self.expectRecount(bench.window, step)
            }
            try Self.drain(bench, batches, at: now + 1_000_000)
        }
    }

    private static func step(
        _ bench: WindowBench, _ batches: inout [Batch], _ now: Int64, _ generator: inout TestRandom
    ) throws {
        let lane = Self.lanes.randomElement(using: &generator)!
        switch Int.random(in: 0..<12, using: &generator) {
        case 0...3:
            let names = (0..<12).map { "r\($0)" }.shuffled(using: &generator)
            bench.append(
                Array(names.prefix(Int.random(in: 1...8, using: &generator))),
                operation: OperationKind.allCases.randomElement(using: &generator)!, lane: lane.number, at: now,
                found: now < 300 && Bool.random(using: &generator))
        case 4...6:
            if let batch = bench.take(target: lane.target, at: now) { batches.append(batch) }
        case 7...8:
            guard let batch = batches.popLast() else { return }
            let holdUntil = Int.random(in: 0..<4, using: &generator) == 0 ? now + 20 : nil
            let first = Int.random(in: 0...batch.count, using: &generator)
            bench.window.settle(batch.part(0..<first), holdUntil: holdUntil, now: now)
            bench.window.settle(batch.part(first..<batch.count), holdUntil: nil, now: now)
        case 9:
            guard !batches.isEmpty else { return }
            bench.window.putBack(batches.removeFirst(), now: now)
        case 10:
            bench.window.saved(bench.window.unsaved(deadOnly: Bool.random(using: &generator)))
        default:
            bench.rewriteSparse()
            bench.warm(lane.number, at: now)
        }
    }

    private static func drain(_ bench: WindowBench, _ batches: [Batch], at now: Int64) throws {
        for batch in batches { bench.settle(batch, at: now) }
        var steps = 0
        while bench.window.queuedRecords > 0 {
            for lane in lanes {
                while let batch = bench.take(target: lane.target, at: now) { bench.settle(batch, at: now) }
                bench.warm(lane.number, at: now)
            }
            steps += 1
            try expectRecount(bench.window, -steps)
            try #require(steps < 100_000)
        }
        #expect(bench.window.queuedByTarget.isEmpty && bench.window.oldestAcceptedAt == nil)
    }

    @Test func `an old chunk that stays does not make the figures grow with what passes it`() throws {
        let bench = WindowBench()
        bench.append("old", lane: 2, at: 5)
        for number in 0..<10_000 {
            bench.append("r", at: Int64(10 + number))
            bench.settle(try #require(bench.take { lane, _ in lane == 1 ? .open : .closed(until: .max) }))
            #expect(bench.window.oldestAcceptedAt == 5)
            try #require(bench.window.figures.chunksKept < 200)
        }
    }
}
