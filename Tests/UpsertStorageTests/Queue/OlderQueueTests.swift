import Testing
import UpsertCore
import UpsertSQLite
import UpsertStorage

/// A queue that an upsertd of schema 3 left, which stored what REST sends as JSON.
@Suite struct OlderQueueTests {
    /// A queue with two upserts and a delete in that form.
    private func older() async throws -> QueueBench {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([
            #"{"id":"a","values":[0.5,1.25],"metadata":{"n":1}}"#, #"{"id":"b","values":[2]}"#,
            #"{"op":"delete","id":"c"}"#,
        ])
        try await bench.queue.close(clean: true)
        try await bench.close()
        let connection = try Connection(path: bench.path, mode: .readWrite)
        for chunk in try connection.integer(
            "SELECT min(sequence) FROM chunk")...connection.integer("SELECT max(sequence) FROM chunk")
        {
            try rewrite(chunk, connection)
        }
        #expect(try connection.integer("SELECT count(*) FROM chunk WHERE encoding = 1") == 2)
        try connection.execute("PRAGMA user_version = 3")
        return bench
    }

    private func rewrite(_ chunk: Int64, _ connection: Connection) throws {
        let query = try connection.statement(
            "SELECT operation, directory, data FROM chunk JOIN payload ON chunk = sequence WHERE sequence = ?")
        try query.bind(1, chunk)
        #expect(try query.step())
        let kind = try #require(OperationKind(rawValue: UInt8(query.integer(0))))
        let stored = query.bytes(2)
        let old = try #require(query.bytes(1).withUnsafeBytes { ChunkDirectory(bytes: $0) })
        query.reset()
        var directory = ChunkDirectory()
        var payload: [UInt8] = []
        for position in 0..<old.count {
            let text = try #require(Transcode.json(protobuf: stored[old.range(position)], kind))
            payload += text
            directory.append(key: old.keys[position], end: payload.count, weight: text.count)
        }
        let change = try connection.statement(
            "UPDATE chunk SET encoding = 1, directory = ?, checksum = ? WHERE sequence = ?")
        try change.bind(1, directory.bytes)
        try change.bind(2, ChunkChecksum.of(directory: directory.bytes, payload: payload))
        try change.bind(3, chunk)
        #expect(try !change.step())
        let fill = try connection.statement("UPDATE payload SET data = ? WHERE chunk = ?")
        try fill.bind(1, payload)
        try fill.bind(2, chunk)
        #expect(try !fill.step())
    }

    private func text(_ batch: Batch, _ index: Int) -> String {
        batch.encoding == .json ? String(decoding: batch.record(index), as: UTF8.self) : batch.text(index)
    }

    private func drain(_ bench: QueueBench) async throws -> [String] {
        var sent: [String] = []
        while let batch = try await bench.take() {
            sent += (0..<batch.count).map { text(batch, $0) }
            try await bench.queue.settle([Settlement(batch: batch, result: .delivered, holdUntil: nil)], now: 0)
        }
        return sent
    }

    @Test func `it is upgraded, and what waits is delivered as it was stored`() async throws {
        let bench = try await older()
        try bench.open()
        #expect(
            try await drain(bench).sorted() == [
                #""c","#, #"{"id":"a","values":[0.5,1.25],"metadata":{"n":1}},"#, #"{"id":"b","values":[2]},"#,
            ])
        try await bench.checkedStatus()
    }

    @Test func `newer writes replace what waits, and an update follows it`() async throws {
        let bench = try await older()
        try bench.open()
        try await bench.accept([#"{"id":"b","values":[3]}"#, #"{"id":"c","values":[4]}"#])
        try await bench.accept([#"{"op":"update","id":"a","set_metadata":{"n":2}}"#])
        let sent = try await drain(bench)
        #expect(sent.count == 4)
        let upsert = try #require(sent.firstIndex { $0.contains(#""n":1"#) })
        let update = try #require(sent.firstIndex { $0.contains(#""n":2"#) })
        #expect(upsert < update)
        #expect(sent.contains { $0.contains("[3]") } && sent.contains { $0.contains("[4]") })
        #expect(!sent.contains { $0.contains("[2]") || $0.hasPrefix("\"c\"") })
        try await bench.checkedStatus()
    }
}
