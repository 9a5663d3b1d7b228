import Dispatch
import Glibc
import UpsertCore
import UpsertStorage
import UpsertTestSupport

/// Repeats one piece of the record path on a fixed input, so that its instructions can be counted (`Tests/cost/run.sh`).
///
/// usage: UpsertCost decode768|decode128|packed768|text768|queue ROUNDS
@main struct UpsertCost {
    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let rounds = Int(arguments[2]) else {
            print("usage: UpsertCost decode768|decode128|packed768|text768|queue ROUNDS")
            exit(64)
        }
        switch arguments[1] {
        case "decode768": decode(RecordLines(dimension: 768), .protobuf, rounds)
        case "decode128": decode(RecordLines(dimension: 128), .protobuf, rounds)
        case "packed768": decode(RecordLines(dimension: 768), .packed, rounds)
        case "text768": text(RecordLines(dimension: 768), rounds)
        case "queue": wait { try await queue(RecordLines(dimension: 128), rounds) }
        default: exit(64)
        }
    }

    /// Runs asynchronous work to its end. Not an asynchronous `main`: valgrind does not survive how that one waits.
    private static func wait(_ work: @escaping @Sendable () async throws -> Void) {
        let done = DispatchSemaphore(value: 0)
        Task {
            do { try await work() } catch { fatalError("\(error)") }
            done.signal()
        }
        done.wait()
    }

    /// Decodes, encodes and gathers the lines for an accept commit.
    private static func decode(_ lines: RecordLines, _ encoding: Encoding, _ rounds: Int) {
        let hasher = RecordKeyHasher(secret: Array(0..<16))
        for _ in 0..<rounds {
            let transaction = gather(lines, encoding, hasher, lane: 1, round: 0)
            precondition(transaction.accepted == RecordLines.count)
        }
    }

    /// Writes the records as JSON, as REST sends them.
    private static func text(_ lines: RecordLines, _ rounds: Int) {
        let transaction = gather(lines, .packed, RecordKeyHasher(secret: Array(0..<16)), lane: 1, round: 0)
        var bytes = 0
        for _ in 0..<rounds {
            for chunk in transaction.chunks {
                for record in 0..<chunk.directory.count {
                    let stored = chunk.payload[chunk.directory.range(record)]
                    bytes += Transcode.json(protobuf: stored, .upsert)?.count ?? 0
                }
            }
        }
        precondition(bytes > rounds * RecordLines.count * 7_000)
    }

    private static func gather(
        _ lines: RecordLines, _ encoding: Encoding, _ hasher: RecordKeyHasher, lane: LaneNumber, round: Int
    ) -> AcceptTransaction {
        let rules = RecordRules(api: .vectors, encoding: encoding, dimension: nil) { _ in
            [UInt8](repeating: 0, count: 32)
        }
        var reader = RecordReader(rules)
        var transaction = AcceptTransaction(hasher: hasher)
        for line in lines.ranges {
            let result = lines.text.withUnsafeBytes { reader.read(UnsafeRawBufferPointer(rebasing: $0[line])) }
            guard case .operation(let operation) = result else { preconditionFailure("\(result)") }
            do throws(Rejection) {
                try transaction.add(
                    operation, encoded: reader.encoded, id: reader.id + Array("\(round)".utf8), encoding: encoding,
                    lane: lane, submission: 1, origin: .init(line: 1, offset: 0))
            } catch { preconditionFailure("\(error)") }
        }
        return transaction
    }

    /// Accepts, takes and settles the same records under other ids each round.
    private static func queue(_ lines: RecordLines, _ rounds: Int) async throws {
        let directory = TemporaryDirectory()
        let queue = try Queue(Queue.Options(directory: directory.path), now: 0)
        let lane = await queue.lane(target: "t", namespace: "")
        for round in 0..<rounds {
            let transaction = gather(lines, .protobuf, queue.hasher, lane: lane, round: round)
            guard case .committed = try await queue.accept(Acceptance(transaction: transaction), now: 0) else {
                preconditionFailure("an upsert is never refused by the queue")
            }
            while case .batch(let batch) = try await queue.take(
                target: "t", rules: TakeRules(now: 0, linger: 0, urgent: true))
            {
                try await queue.settle([Settlement(batch: batch, result: .delivered, holdUntil: nil)], now: 0)
            }
        }
        try await queue.close(clean: true)
    }
}

/// The fixed input: vectors of floats with all the digits of a double, as they come from Python.
struct RecordLines: Sendable {
    /// Records in it.
    static let count = 500
    let text: [UInt8]
    let ranges: [Range<Int>]

    init(dimension: Int) {
        var random = TestRandom(seed: 7)
        var text: [UInt8] = []
        var ranges: [Range<Int>] = []
        for number in 0..<Self.count {
            let values = (0..<dimension).map { _ in "\(Double(Float.random(in: -0.1...0.1, using: &random)))" }
            let start = text.count
            text +=
                """
                {"id": "rec-\(number)", "values": [\(values.joined(separator: ", "))], \
                "metadata": {"source": "bench", "seq": \(number)}}
                """.utf8
            ranges.append(start..<text.count)
            text.append(UInt8(ascii: "\n"))
        }
        self.text = text + [UInt8](repeating: 0, count: RecordReader.paddingBytes)
        self.ranges = ranges
    }
}
