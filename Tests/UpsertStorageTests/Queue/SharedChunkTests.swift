import Testing
import UpsertCore
import UpsertStorage

/// Small submissions share chunks, and each still has its own receipt.
@Suite struct SharedChunkTests {
    private func record(_ name: String, _ value: Int = 1) -> String { #"{"id":"\#(name)","values":[\#(value)]}"# }

    private func counts(_ bench: QueueBench, _ submission: Int) async throws -> SubmissionCounts {
        try #require(try await bench.queue.receipt("\(submission)")).counts
    }

    @Test func `a hundred files of one commit go out in one request and are settled each by itself`() async throws {
        let bench = try QueueBench()
        try await bench.accept(files: (0..<100).map { file in (0..<3).map { record("f\(file)-\($0)") } })
        try await bench.reopen(clean: true)
        let batch = try #require(try await bench.take())
        #expect(batch.count == 300)
        #expect(batch.contents.count == 1, "one chunk for all")
        try await bench.queue.settle(
            [
                Settlement(batch: batch.part(0..<4), result: .delivered, holdUntil: nil),
                Settlement(batch: batch.part(4..<5), result: .quarantined(reason: "no"), holdUntil: nil),
            ], now: 1)
        #expect(try await counts(bench, 1).delivered == 3)
        #expect(try #require(try await bench.queue.receipt("1")).settledAt == 1)
        let second = try await counts(bench, 2)
        #expect(second.delivered == 1)
        #expect(second.quarantined == 1)
        #expect(try #require(try await bench.queue.receipt("2")).settledAt == nil)
        #expect(try await counts(bench, 3).delivered == 0)
        try await bench.checkedStatus()
    }

    @Test func `a record of one file that another replaces counts as superseded for its own`() async throws {
        let bench = try QueueBench()
        try await bench.accept(files: [[record("a")], [record("b")], [record("a", 2)]])
        #expect(try await counts(bench, 1).superseded == 1)
        try await bench.accept(files: [[record("c")], [record("b", 2)]])
        #expect(Set(try await bench.drain()) == [record("a", 2) + ",", record("b", 2) + ",", record("c") + ","])
        for submission in 1...5 {
            let receipt = try #require(try await bench.queue.receipt("\(submission)"))
            #expect(receipt.settledAt != nil, "\(submission): \(receipt.counts)")
        }
        #expect(try await counts(bench, 2).superseded == 1)
        #expect(try await counts(bench, 4).delivered == 1)
        try await bench.checkedStatus()
    }

    @Test func `runs are stored and read back, and found by position`() throws {
        var runs = SubmissionRuns(7)
        for (position, submission) in [7, 7, 9, 9, 9, 12, 7].enumerated() {
            runs.append(Int64(submission), at: position)
        }
        let back = try #require(SubmissionRuns(runs.firstSubmission, stored: runs.stored))
        #expect(back == runs)
        #expect((0..<7).map { back[$0] } == [7, 7, 9, 9, 9, 12, 7])
        #expect(runs.stored.count == 3 * 16)
        #expect((0..<3).map { SubmissionRuns(runs, positions: [1, 5, 6])[$0] } == [7, 12, 7])
        #expect(SubmissionRuns(1, stored: [1, 2, 3]) == nil)
    }
}
