import Testing
import UpsertCore

extension Batch {
    func request(for encodings: Set<Encoding>) throws(RequestFailure) -> WriteRequest {
        var text: [UInt8] = []
        return try request(for: encodings, text: &text)
    }
}

/// A batch whose target's transport has changed since its records were accepted.
@Suite struct BatchRequestTests {
    static func batch(
        _ operation: OperationKind, _ encoding: Encoding, _ records: [[UInt8]], weights: [Int]? = nil
    ) -> Batch {
        var window = Window(indexRecordsMax: 1_000)
        window.register(lane: 1, target: "t", namespace: "n")
        var directory = ChunkDirectory()
        for (number, record) in records.enumerated() {
            let end = (directory.ends.last.map(Int.init) ?? 0) + record.count
            directory.append(key: WindowBench.key("r\(number)"), end: end, weight: weights?[number] ?? 1)
        }
        let payload = Array(records.joined())
        let chunk = ChunkState(
            sequence: 1, lane: 1, operation: operation, encoding: encoding, submissions: SubmissionRuns(1),
            acceptedAt: 0,
            records: records.count, bytes: payload.count, done: Bitmap(count: records.count), found: false)
        window.append(chunk, keys: directory.keys, now: 0)
        let content = ChunkContent(directory: directory, payload: payload)
        guard
            case .batch(let batch) = window.take(
                target: "t", rules: TakeRules(now: 0, linger: 0, urgent: true), content: { _, _ in content })
        else { fatalError("a batch") }
        return batch
    }

    private let vector = Array(#"{"id":"a","values":[0.5,1.5],"metadata":{"k":"v"}},"#.utf8)

    @Test func `records go out as they lie where the transport sends their encoding`() throws {
        let request = try Self.batch(.upsert, .json, [vector, vector]).request(for: [.json, .ndjson])
        #expect(request.encoding == .json)
        #expect(Array(request.segments.joined()) == vector + vector)
    }

    @Test func `records go to the other wire and back without a change`() throws {
        let request = try Self.batch(.upsert, .json, [vector]).request(for: [.protobuf])
        #expect(request.encoding == .protobuf)
        #expect(request.recordCount == 1)
        let stored = Array(request.segments.joined())
        let back = try Self.batch(.upsert, .protobuf, [stored, stored]).request(for: [.json, .ndjson])
        #expect(back.encoding == .json)
        #expect(Array(back.segments.joined()) == vector + vector)
    }

    @Test func `text records have no form over gRPC, their deletes have`() throws {
        let text = Array("{\"_id\":\"a\",\"text\":\"hello\"}\n".utf8)
        #expect(throws: RequestFailure.noForm) { try Self.batch(.upsert, .ndjson, [text]).request(for: [.protobuf]) }
        let delete = try Self.batch(.delete, .ndjson, [Array("\"a\",".utf8)]).request(for: [.protobuf])
        #expect(Array(delete.segments.joined()) == [0x0a, 1, UInt8(ascii: "a")])
        #expect(try Self.batch(.upsert, .ndjson, [text]).request(for: [.json, .ndjson]).encoding == .ndjson)
    }

    @Test func `a damaged record is not sent`() {
        #expect(throws: RequestFailure.damaged) {
            try Self.batch(.upsert, .protobuf, [[0x0a, 9, 1, 2]]).request(for: [.json])
        }
    }

    @Test func `a request of floats keeps under the body bound when it is sent as JSON`() {
        let limits = Encoding.protobuf.limits(sentAs: .json, .upsert, RequestLimits.published(.protobuf, .upsert))
        // The longest float text: sign, nine digits, point, exponent and comma.
        let longest = (-Float.leastNormalMagnitude).description.utf8.count + 1
        #expect(limits.weightMax / 4 * longest <= 2_000_000)
        #expect(
            Encoding.json.limits(sentAs: .json, .upsert, .published(.json, .upsert)) == .published(.json, .upsert))
        // And the other way: what was weighed as JSON is bounded by its bytes.
        let packed = Encoding.packed.limits(sentAs: .protobuf, .upsert, RequestLimits.published(.packed, .upsert))
        #expect(packed.bytesMax * 8 / 5 <= 2_000_000 && packed.weightMax == .max)
    }
}
