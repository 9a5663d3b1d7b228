import Glibc
import Testing
import UpsertCore
import UpsertTestSupport

@testable import UpsertSQLite
@testable import UpsertStorage

/// A full disk, as SQLite reports it: no page can be added to the file. Tests/system/test_full_disk.py fills real ones.
@Suite struct QueueDiskTests {
    private static func record(_ id: String) -> String {
        let filler = String(repeating: "f", count: 30_000)
        return #"{"id":"\#(id)","values":[1],"metadata":{"f":"\#(filler)"}}"#
    }

    private func reserveBytes(_ bench: QueueBench) -> Int {
        var status = stat()
        return lstat(bench.directory.path + "/reserve", &status) == 0 ? Int(status.st_blocks) * 512 : -1
    }

    @Test func `the first commit makes the reserve, whole`() async throws {
        let bench = try QueueBench()
        #expect(reserveBytes(bench) == -1)
        try await bench.accept([Self.record("a")])
        #expect(reserveBytes(bench) >= 1 << 20)
        #expect(try await bench.checkedStatus().reserveBytes == 1 << 20)
    }

    @Test func `a full disk refuses intake with one unchanging message and leaves everything as it was`() async throws {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept([Self.record("a")])
        try await bench.queue.limitPages(0)
        var messages: Set<String> = []
        for attempt in 0..<5 {
            let error = await #expect(throws: QueueError.self) {
                try await bench.accept((0..<8).map { Self.record("b\(attempt)-\($0)") })
            }
            #expect(error?.code == .full)
            messages.insert(error?.message ?? "")
        }
        #expect(messages.count == 1 && messages.first?.contains("free some space") == true)
        var status = try await bench.checkedStatus()
        #expect(status.queuedRecords == 1 && status.isDiskFull)
        #expect(reserveBytes(bench) >= 1 << 20, "intake leaves the reserve alone")
        try await bench.queue.limitPages(100_000)
        try await bench.accept([Self.record("c")])
        status = try await bench.checkedStatus()
        #expect(status.queuedRecords == 2 && !status.isDiskFull)
        try await bench.reopen()
        #expect(try await bench.drain().count == 2)
    }

    @Test func `settling on a full disk gives the reserve up, and nothing is accepted until it is whole`() async throws
    {
        let bench = try QueueBench(foundHold: 0)
        try await bench.accept((0..<8).map { Self.record("a\($0)") })
        let batch = try #require(try await bench.take())
        try await bench.queue.limitPages(0)
        // What goes to quarantine needs pages of its own, so this settlement does not fit.
        let settlements = (0..<8).map {
            Settlement(batch: batch.part($0..<$0 + 1), result: .quarantined(reason: "no"), holdUntil: nil)
        }
        let error = await #expect(throws: QueueError.self) { try await bench.queue.settle(settlements, now: 1) }
        #expect(error?.code == .full)
        #expect(reserveBytes(bench) == 0)
        #expect(try await bench.checkedStatus().quarantinedCurrent == 8, "settled in memory, to be stored")
        try await bench.queue.limitPages(100_000)
        try await bench.queue.flush(now: 2)
        #expect(try await bench.checkedStatus().reserveBytes == 0)
        try await bench.accept([Self.record("b")])
        #expect(reserveBytes(bench) >= 1 << 20, "intake has made it whole before it took anything")
        try await bench.reopen()
        #expect(try await bench.checkedStatus().quarantinedCurrent == 8)
    }

    @Test func `a reserve is never more than a quarter of its disk`() throws {
        let directory = TemporaryDirectory()
        let room = try #require(FileSystemRoom(of: directory.path))
        #expect(DiskReserve(directory: directory.path, bytes: .max).bytes == room.bytes / 4)
        #expect(DiskReserve(directory: directory.path, bytes: 1 << 20).bytes == 1 << 20)
    }

    @Test func `upkeep takes the reserve back without any intake`() async throws {
        let bench = try QueueBench()
        try await bench.accept([Self.record("a")])
        #expect(truncate(bench.directory.path + "/reserve", 0) == 0)
        try await bench.reopen()
        #expect(try await bench.checkedStatus().reserveBytes == 0)
        _ = try await bench.queue.maintain(now: 1)
        #expect(try await bench.checkedStatus().reserveBytes == 1 << 20)
    }

    @Test(arguments: [
        (13, 0, QueueError.Code.full), (778, ENOSPC, .full), (778, EDQUOT, .full), (778, EROFS, .readOnly),
        (14, ENOSPC, .full), (1_034, EIO, .failed), (1_034, ENOSPC, .failed), (1_290, EIO, .failed),
        (778, EIO, .failed),
        (266, EIO, .failed), (3_082, 0, .unusable), (11, 0, .damaged), (26, 0, .damaged), (7, 0, .unusable),
    ])
    func `a failed sync is told from a disk that is full, read-only or lying`(
        code: Int, systemError: Int32, meaning: QueueError.Code
    ) {
        let error = SQLiteError(code: Int32(code), message: "m", operation: "o", systemError: systemError)
        #expect(QueueFile.meaning(of: error, directory: "/q").code == meaning)
    }

    @Test func `after damage or a failed sync nothing is read or written any more`() async throws {
        let bench = try QueueBench()
        try await bench.accept([Self.record("a")])
        await bench.queue.fail(
            SQLiteError(code: 1_034, message: "disk I/O error", operation: "COMMIT", systemError: EIO))
        let error = await #expect(throws: QueueError.self) { try await bench.take() }
        #expect(error?.code == .failed)
        await #expect(throws: QueueError.self) { try await bench.accept([Self.record("b")]) }
        await #expect(throws: QueueError.self) { try await bench.queue.settle([], now: 1) }
        try await bench.reopen()
        #expect(try await bench.checkedStatus().queuedRecords == 1)
    }

    @Test func `a long log is brought home by the commit that made it long`() async throws {
        let bench = try QueueBench()
        for round in 0..<40 { try await bench.accept([Self.record("a\(round)"), Self.record("b\(round)")]) }
        #expect(await bench.queue.logPages < 32)
        #expect(try await bench.checkedStatus().queuedRecords == 80)
    }
}

extension Queue {
    /// Keeps the file from growing by more than `extra` pages.
    func limitPages(_ extra: Int) throws {
        let pages = try connection.integer("PRAGMA page_count")
        try connection.execute("PRAGMA max_page_count = \(Int(pages) + extra)")
    }

    func fail(_ error: any Error) { _ = note(error) }

    var logPages: Int { connection.logPages }
}
