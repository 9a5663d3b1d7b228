import Glibc
import Testing
import UpsertCore
import UpsertStorage
import UpsertTestSupport

/// A real queue in a directory of its own, fed with JSON records as the daemon would.
final class QueueBench {
    let directory: TemporaryDirectory
    private var current: Queue?
    var queue: Queue {
        guard let current else { preconditionFailure("the queue is open between calls") }
        return current
    }
    private var submission: Int64 = 0
    var options: Queue.Options

    init(
        in directory: TemporaryDirectory = TemporaryDirectory(), indexRecordsMax: Int = 1_000_000,
        foundHold: Int64 = 60_000
    ) throws {
        self.directory = directory
        options = Queue.Options(
            directory: directory.path, indexRecordsMax: indexRecordsMax, contentBytesMax: 100_000, foundHold: foundHold,
            reserveBytes: 1 << 20)
        current = try Queue(options, now: 0)
    }

    static let rules = RecordRules(api: .vectors, encoding: .packed, dimension: nil) { _ in
        Array(repeating: 7, count: 32)
    }

    /// The database file.
    var path: String { directory.path + "/queue.db" }

    /// Closes the queue as kill -9 does, and leaves it so until ``reopen(clean:at:)`` or ``open()``.
    func close() async throws {
        current = nil
        // The lock goes with the last reference, as below.
        for _ in 0..<10_000 {
            if (try? InstanceLock(directory: directory.path)) != nil { return }
            await Task.yield()
        }
    }

    /// Opens the queue after ``close()``.
    func open(at now: Int64 = 0) throws { current = try Queue(options, now: now) }

    /// Opens the queue again as after kill -9, or after a clean stop.
    func reopen(clean: Bool = false, at now: Int64 = 0) async throws {
        if clean { try await queue.close(clean: true) }
        current = nil
        // The lock goes with the last reference, which a thread that just ran the old queue may hold a moment longer.
        for _ in 0..<10_000 where current == nil {
            do {
                current = try Queue(options, now: now)
            } catch let error as QueueError where error.code == .inUse {
                await Task.yield()
            }
        }
    }

    /// Accepts records given as JSON lines, in one commit.
    @discardableResult
    func accept(
        _ lines: [String], namespace: String = "", target: String = "t", replacing: [Int64] = [], at now: Int64 = 0
    ) async throws -> AcceptResult {
        try await accept(files: [lines], namespace: namespace, target: target, replacing: replacing, at: now)
    }

    /// Accepts several files of JSON lines, each a submission, in one commit.
    @discardableResult
    func accept(
        files: [[String]], namespace: String = "", target: String = "t", replacing: [Int64] = [], at now: Int64 = 0
    ) async throws -> AcceptResult {
        let lane = await queue.lane(target: target, namespace: namespace)
        var acceptance = Acceptance(transaction: AcceptTransaction(hasher: queue.hasher))
        acceptance.replacing = replacing
        for lines in files {
            submission += 1
            for (number, line) in lines.enumerated() {
                try add(line, number + 1, lane, to: &acceptance.transaction)
            }
            acceptance.submissions.append(
                SubmissionProgress(
                    number: submission, source: "test", name: "s\(submission)", rejected: 0, complete: true))
        }
        return try await queue.accept(acceptance, now: now)
    }

    private func add(
        _ line: String, _ number: Int, _ lane: LaneNumber, to transaction: inout AcceptTransaction
    ) throws {
        var reader = RecordReader(Self.rules)
        let padded = Array(line.utf8) + [UInt8](repeating: 0, count: 64)
        let result = padded.withUnsafeBytes {
            reader.read(UnsafeRawBufferPointer(rebasing: $0[..<line.utf8.count]))
        }
        guard case .operation(let operation) = result else {
            Issue.record("\(line): \(result)")
            return
        }
        try transaction.add(
            operation, encoded: reader.encoded, id: reader.id, encoding: .packed, lane: lane, submission: submission,
            origin: .init(line: number, offset: 0))
    }

    func take(at now: Int64 = 0) async throws -> Batch? {
        let rules = TakeRules(now: now, linger: 0, urgent: true)
        if case .batch(let batch) = try await queue.take(target: "t", rules: rules) { return batch }
        return nil
    }

    /// Has the server refuse everything that may be sent now.
    func refuseAll(_ reason: String = "no such thing", at now: Int64 = 0) async throws {
        while let batch = try await take(at: now) {
            let settlements = (0..<batch.count).map {
                Settlement(batch: batch.part($0..<$0 + 1), result: .quarantined(reason: reason), holdUntil: nil)
            }
            try await queue.settle(settlements, now: now)
        }
    }

    /// Delivers everything that may be sent now; returns the records as JSON in the order sent.
    func drain(at now: Int64 = 0) async throws -> [String] {
        var sent: [String] = []
        while let batch = try await take(at: now) {
            for index in 0..<batch.count { sent.append(batch.text(index)) }
            try await queue.settle([Settlement(batch: batch, result: .delivered, holdUntil: nil)], now: now)
        }
        return sent
    }

    /// Checks the accounting identity and returns the status.
    @discardableResult
    func checkedStatus() async throws -> QueueStatus {
        let status = try await queue.status()
        let totals = status.totals
        #expect(
            totals.acceptedRecords
                == totals.deliveredRecords + totals.coalescedRecords + totals.noEffectRecords + totals.droppedRecords
                + status.quarantinedCurrent + status.queuedRecords, "\(status)")
        return status
    }
}

extension Batch {
    /// A record as REST sends it.
    func text(_ index: Int) -> String {
        String(decoding: Transcode.json(protobuf: record(index), operation) ?? [], as: UTF8.self)
    }
}

/// Writes a file from nothing.
func writeFile(_ path: String, _ bytes: [UInt8]) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    #expect(write(descriptor, bytes, bytes.count) == bytes.count)
}
