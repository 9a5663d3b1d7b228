import Glibc
import Testing
import UpsertCore
import UpsertTestSupport

@testable import UpsertSQLite
@testable import UpsertStorage

/// Damaged queue files: refused with what to do, set aside, checked and salvaged.
@Suite struct QueueDamageTests {
    private static let filler = String(repeating: "f", count: 3_000)

    private func record(_ id: String, _ value: Int = 1) -> String {
        #"{"id":"\#(id)","values":[\#(value)],"metadata":{"f":"\#(Self.filler)"}}"#
    }

    /// A queue of many chunks in several namespaces, with some delivered and some quarantined, closed.
    private func filled(_ bench: QueueBench) async throws -> Set<String> {
        var waiting: Set<String> = []
        for file in 0..<12 {
            let namespace = "n\(file % 3)"
            try await bench.accept((0..<40).map { record("\(file)-\($0)") }, namespace: namespace)
            for number in 0..<40 { waiting.insert("\(namespace)/\(file)-\(number)") }
        }
        // A namespace's worth is on the wire, and half of it is answered.
        let batch = try #require(try await bench.take())
        let answered = batch.part(0..<batch.count / 2)
        for index in 0..<answered.count {
            let id = RecordID.text(of: answered.record(index), answered.operation, answered.encoding)
            waiting.remove("\(answered.namespace)/\(id)")
        }
        try await bench.queue.settle([Settlement(batch: answered, result: .delivered, holdUntil: nil)], now: 0)
        return waiting
    }

    private func salvaged(_ queue: StoppedQueue) throws -> (records: [SalvagedRecord], result: SalvageResult) {
        var records: [SalvagedRecord] = []
        let result = try queue.salvage { records.append($0) }
        return (records, result)
    }

    private func name(_ record: SalvagedRecord) -> String {
        func part(_ start: String) -> String {
            guard let begin = record.line.firstRange(of: start)?.upperBound else { return "" }
            return String(record.line[begin...].prefix { $0 != "\"" })
        }
        return part(#""namespace":""#) + "/" + part(#""id":""#)
    }

    @Test func `a file that is no database is refused with the command that saves what can be read`() throws {
        let directory = TemporaryDirectory()
        try writeFile(directory.path + "/queue.db", Array(repeating: 0x41, count: 100_000))
        let error = #expect(throws: QueueError.self) { try QueueFile.open(directory: directory.path) }
        #expect(error?.code == .damaged)
        #expect(
            error?.message.contains(
                "upsertctl doctor --queue \(directory.path) --salvage /var/tmp/salvaged.ndjson --set-aside") == true)
    }

    @Test func `a flipped bit is found before it is sent, and the next start refuses too`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept((0..<40).map { record("a\($0)") })
        try await bench.reopen(clean: true)
        try await bench.close()
        try flipPayload(bench)
        try await bench.reopen()
        let error = await #expect(throws: QueueError.self) { try await bench.take() }
        #expect(error?.code == .damaged && error?.message.contains("its checksum differs") == true)
        await #expect(throws: QueueError.self) { try await bench.accept([record("b")]) }
        try await bench.close()
        let again = #expect(throws: QueueError.self) { try Queue(bench.options, now: 0) }
        #expect(again?.code == .damaged && again?.message == error?.message, "what was found is remembered")
        let queue = try StoppedQueue(directory: bench.directory.path)
        let check = queue.check()
        #expect(check.findings == ["chunk 1: its checksum differs"] && check.chunks == 1)
        let (records, result) = try salvaged(queue)
        #expect(records.count == 40 && records.allSatisfy(\.isSuspect) && result.suspect == 40)
    }

    @Test func `a sound queue is checked, salvaged whole, and not changed by it`() async throws {
        let bench = try QueueBench(foundHold: 0)
        let waiting = try await filled(bench)
        try await bench.accept([record("q", 7)], namespace: "n0")
        try await bench.close()
        let before = try readBytes(bench.path)
        let queue = try StoppedQueue(directory: bench.directory.path)
        #expect(queue.check() == QueueCheck(findings: [], chunks: 11, waiting: waiting.count + 1, quarantined: 0))
        let (records, result) = try salvaged(queue)
        #expect(Set(records.map(name)) == waiting.union(["n0/q"]) && records.count == waiting.count + 1)
        #expect(records.map(name).last == "n0/q", "newest last")
        #expect(!result.hasGaps && result.chunksLost == 0)
        #expect(try readBytes(bench.path) == before)
    }

    @Test func `quarantined records are salvaged first, in the form in which they were submitted`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([#"{"id":"a","values":[1]}"#, #"{"op":"delete","id":"gone"}"#], namespace: "x y")
        try await bench.refuseAll()
        try await bench.accept([#"{"id":"a","values":[2]}"#], namespace: "x y")
        try await bench.close()
        let (records, result) = try salvaged(StoppedQueue(directory: bench.directory.path))
        #expect(
            Set(records.prefix(2).map(\.line)) == [
                #"{"namespace":"x y","id":"a","values":[1]}"#, #"{"op":"delete","namespace":"x y","id":"gone"}"#,
            ])
        #expect(records.last?.line == #"{"namespace":"x y","id":"a","values":[2]}"#)
        #expect(records.filter(\.isSuperseded).count == 1 && result.superseded == 1 && result.quarantined == 2)
    }

    @Test func `whatever page is overwritten, what lies on the others is read`() async throws {
        var generator = TestRandom.forTest()
        let bench = try QueueBench(foundHold: 0)
        let waiting = try await filled(bench)
        try await bench.close()
        let sound = try readBytes(bench.path)
        let pages = sound.count / QueueFile.pageBytes
        var (least, unreadable, noticed) = (Int.max, 0, 0)
        for _ in 0..<TestEnvironment.runs(40) {
            var bytes = sound
            let page = Int.random(in: 0..<pages, using: &generator)
            let length = [1, 16, 512, QueueFile.pageBytes].randomElement(using: &generator) ?? 1
            let start = page * QueueFile.pageBytes + Int.random(in: 0...QueueFile.pageBytes - length, using: &generator)
            for index in start..<start + length { bytes[index] ^= UInt8.random(in: 1...255, using: &generator) }
            try writeFile(bench.path, bytes)
            let queue = try StoppedQueue(directory: bench.directory.path)
            let findings = queue.check().findings
            if !findings.isEmpty { noticed += 1 }
            do {
                let certain = try salvaged(queue).records.filter { !$0.isSuspect }
                #expect(Set(certain.map(name)).subtracting(waiting).isEmpty || !findings.isEmpty)
                #expect(certain.allSatisfy { $0.line.contains(Self.filler) }, "a certain record is what was accepted")
                least = min(least, certain.count)
            } catch {
                // The first page holds the schema; without it the file is no database.
                #expect(page == 0 || !findings.isEmpty, "page \(page): \(error)")
                unreadable += 1
            }
        }
        print(
            "\(pages) pages, noticed \(noticed), unreadable \(unreadable), least salvaged \(least) of \(waiting.count)")
        #expect(noticed > 0 && unreadable < TestEnvironment.runs(40) / 2)
    }

    @Test func `a damaged queue is set aside with its log, and a start that was interrupted in that goes on`()
        async throws
    {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([record("a")])
        try await bench.close()
        let directory = bench.directory.path
        try writeFile(directory + "/queue.db-wal", [1, 2, 3])
        let aside = try SetAside.move(in: directory, now: 1_795_869_900_000)
        #expect(aside == directory + "/queue.db.damaged-20261128T124500Z")
        #expect(try readBytes(aside + "-wal") == [1, 2, 3])
        #expect(access(directory + "/queue.db", F_OK) != 0 && access(directory + "/queue.db-wal", F_OK) != 0)
        // The same again, cut off between the database and its log.
        try writeFile(directory + "/queue.db.damaged-20261128T124501Z", [9])
        try writeFile(directory + "/queue.db-wal", [4])
        try await bench.reopen()
        #expect(try readBytes(directory + "/queue.db.damaged-20261128T124501Z-wal") == [4])
        #expect(try await bench.checkedStatus().queuedRecords == 0, "an old log never meets a new database")
    }

    @Test func `after a fresh start nothing is sent while requests of the old queue may still be applied`() async throws
    {
        let bench = try QueueBench(foundHold: 1_000)
        try await bench.close()
        _ = try SetAside.move(in: bench.directory.path, now: 0)
        bench.options.isFreshAfterDamage = true
        try await bench.reopen(at: 5_000)
        try await bench.accept([record("a")], at: 5_001)
        #expect(try await bench.take(at: 5_999) == nil)
        #expect(try await bench.take(at: 6_000)?.count == 1)
    }

    @Test func `records that are not accounted for are found`() async throws {
        let bench = try QueueBench()
        try await bench.accept([record("a")])
        try await bench.close()
        try change(bench, "UPDATE total SET accepted_records = 5; INSERT INTO payload VALUES (77, x'00')")
        let findings = try StoppedQueue(directory: bench.directory.path).check().findings
        #expect(findings == ["1 payloads without a chunk", "5 records were accepted, but 1 are accounted for"])
    }

    @Test func `a queue in use is not checked`() throws {
        let bench = try QueueBench()
        let error = #expect(throws: QueueError.self) { try StoppedQueue(directory: bench.directory.path) }
        #expect(error?.code == .inUse)
        #expect(throws: QueueError.self) { try StoppedQueue(directory: bench.directory.path + "/none") }
    }

    private func flipPayload(_ bench: QueueBench) throws {
        try change(
            bench,
            "UPDATE payload SET data = CAST(replace(data, x'6666666666', x'6666676666') AS BLOB) WHERE chunk = 1")
    }

    private func change(_ bench: QueueBench, _ sql: String) throws {
        let connection = try Connection(path: bench.path, mode: .readWrite)
        try connection.execute(sql)
    }

    private func readBytes(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        try #require(descriptor >= 0, "\(path)")
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 20)
        while case let count = read(descriptor, &block, block.count), count > 0 { bytes += block[..<count] }
        return bytes
    }
}
