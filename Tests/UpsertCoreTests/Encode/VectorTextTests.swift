import Testing
import UpsertTestSupport

@testable import UpsertCore

/// Records that are stored in protobuf and sent as JSON.
@Suite struct `Vectors as JSON text` {
    private func written(_ line: String) -> (text: String, weight: Int)? {
        var packed = reader(.packed)
        guard let operation = packed.read(line).operation else { return nil }
        var bytes: [UInt8] = []
        guard VectorText.append(packed.encoded[...], operation.kind, to: &bytes) else { return nil }
        return (String(decoding: bytes, as: UTF8.self), operation.weight)
    }

    @Test func `each part has its place`() {
        let upsert = written(
            #"{"metadata":{"b":1.50,"a":["x","\u00e9"],"c":true},"values":[0.10, 2e3],"#
                + #""sparse_values":{"values":[1,0.5],"indices":[7,4294967295]},"id":"q\"\u0001"}"#)
        #expect(
            upsert?.text
                == #"{"id":"q\"\u0001","values":[0.1,2e3],"metadata":{"a":["x","é"],"b":1.5,"c":true},"#
                + #""sparseValues":{"indices":[7,4294967295],"values":[1,0.5]}},"#)
        let update = written(#"{"op":"update","id":"a","values":[1],"set_metadata":{}}"#)
        #expect(update?.text == #"{"id":"a","values":[1],"setMetadata":{}}"#)
        #expect(written(#"{"id":"a","values":[1]}"#)?.text == #"{"id":"a","values":[1]},"#)
    }

    @Test func `the weight is never less than the text`() {
        var random = TestRandom.forTest("weights of text")
        let numbers = [
            "0", "-0.0", "1e20", "12e-4", "1e-3", "0.1", "123456789", "-3.4e38", "1e-45", "0.30000001192092896",
        ]
        let texts = [
            #""""#, #""é\n""#, #""\"\\\u0007""#, "1e300", "-0", "-0.0", "1e5", "123456789012", "[]", #"["e"]"#, "null",
        ]
        for _ in 0..<TestEnvironment.runs(3_000) {
            func some(_ choices: [String], _ count: Int) -> String {
                (0..<count).map { _ in choices.randomElement(using: &random)! }.joined(
                    separator: Bool.random(using: &random) ? ", " : ",")
            }
            let count = Int.random(in: 1...5, using: &random)
            var line =
                #"{"id":"\#(["a", "\\u0002", "\\\"", "\\/"].randomElement(using: &random)!)","values":[1,\#(some(numbers, count))]"#
            if Bool.random(using: &random) {
                line +=
                    #","sparse_values":{"indices":[\#(some(["0", "4294967295", "70000"], count))],"values":[\#(some(numbers, count))]}"#
            }
            if Bool.random(using: &random) {
                let fields = (0..<count).map { #""e\#($0)\u0003":\#(texts.randomElement(using: &random)!)"# }
                line += ",\"metadata\":{\(fields.joined(separator: ","))}"
            }
            guard let (text, weight) = written(line + "}") else {
                Issue.record("not read: \(line)}")
                return
            }
            #expect(text.utf8.count <= weight, "\(line)} is written as \(text)")
            #expect(weight <= text.utf8.count + 40 * (count + 1) + 11 * count + 30 * count, "\(line)")
        }
    }

    @Test func `a float that is not finite, and anything else that is damaged, is not written`() {
        var bytes: [UInt8] = []
        var packed = reader(.packed)
        _ = packed.read(#"{"id":"a","values":[1,2]}"#)
        var stored = packed.encoded
        #expect(VectorText.append(stored[...], .upsert, to: &bytes))
        stored[stored.count - 1] = 0x7f
        stored[stored.count - 2] = 0x80
        #expect(!VectorText.append(stored[...], .upsert, to: &bytes))
        #expect(!VectorText.append(packed.encoded.dropLast(), .upsert, to: &bytes))
        #expect(!VectorText.append([], .upsert, to: &bytes))
        #expect(!VectorText.append([0x0a, 0], .upsert, to: &bytes))
    }

    @Test func `a request of them is under the body bound and nearly as large as it may be`() throws {
        var random = TestRandom.forTest("full requests")
        var packed = reader(.packed)
        var stored: [[UInt8]] = []
        var weights: [Int] = []
        for number in 0..<400 {
            let values = (0..<768).map { _ in Float.random(in: -0.1...0.1, using: &random).description }
            let line =
                "{\"id\":\"record-\(number)\",\"values\":[\(values.joined(separator: ","))],\"metadata\":{\"n\":\(number)}}"
            weights.append(packed.read(line).operation?.weight ?? 0)
            stored.append(packed.encoded)
        }
        let batch = BatchRequestTests.batch(.upsert, .packed, stored, weights: weights)
        let request = try batch.request(for: [.json, .ndjson])
        #expect(request.encoding == .json && request.recordCount < 400)
        #expect(request.payloadBytes + RequestLimits.envelopeBytes <= 2_000_000)
        #expect(request.payloadBytes > 1_850_000)
        // As it lies where protobuf is sent.
        let protobuf = try batch.request(for: [.protobuf])
        #expect(protobuf.encoding == .protobuf)
        #expect(protobuf.segments.joined().elementsEqual(stored.prefix(batch.count).joined()))
    }
}
