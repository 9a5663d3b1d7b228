import Testing
import UpsertCore
import UpsertSQLite
import UpsertStorage
import UpsertTestSupport

@Suite struct FailedSettleTests {
    @Test func `a refusal that could not be stored is not lost when the next accept commit succeeds`() async throws {
        let directory = TemporaryDirectory()
        do {
            let connection = try QueueFile.open(directory: directory.path)
            try connection.execute(
                "CREATE TRIGGER no_quarantine BEFORE INSERT ON quarantine BEGIN SELECT RAISE(ABORT, 'no room'); END")
        }
        let bench = try QueueBench(in: directory, foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#])
        let batch = try #require(try await bench.take())
        await #expect(throws: (any Error).self) {
            try await bench.queue.settle(
                [Settlement(batch: batch, result: .quarantined(reason: "no such thing"), holdUntil: nil)], now: 1)
        }
        // The chunk of the refused record must not leave the disk before the refusal is there.
        _ = try? await bench.accept([#"{"id":"b","values":[1]}"#])
        try await bench.reopen()
        let queued = try await bench.checkedStatus().queuedRecords
        let sent = try await bench.drain()
        #expect(sent.contains(#"{"id":"a","values":[1]},"#))
        #expect(sent.count == queued)
    }
}
