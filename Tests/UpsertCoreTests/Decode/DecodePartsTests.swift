import Testing
import UpsertTestSupport

@testable import UpsertCore

/// A record in a form that is easy to merge: the law, written down once more.
private struct ModelRecord {
    var id: String
    var dense: String?
    var sparse: String?
    var metadata: [String: String]?

    static func random(_ id: String, _ random: inout TestRandom, update: Bool) -> ModelRecord {
        var record = ModelRecord(id: id)
        func number() -> String {
            ["1", "-0.5", "1e-7", "123456.789", "2.5e+30", "0.1"].randomElement(using: &random)!
        }
        if Bool.random(using: &random) {
            record.dense = "[" + (0..<3).map { _ in number() }.joined(separator: ",") + "]"
        }
        if Bool.random(using: &random) || !update && record.dense == nil {
            let count = Int.random(in: 1...3, using: &random)
            let indices = (0..<count).map { _ in String(UInt32.random(in: 0...UInt32.max, using: &random)) }
            record.sparse =
                "{\"indices\":[\(indices.joined(separator: ","))],\"values\":[\((0..<count).map { _ in number() }.joined(separator: ","))]}"
        }
        if Bool.random(using: &random) || record.dense == nil && record.sparse == nil {
            var metadata: [String: String] = [:]
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let key = ["a", "b", "B", "", "é", "q\\\"", "\\\\", "q!", "😀"].randomElement(using: &random)!
                metadata[key] = ["\"x\"", "\"\"", "true", "false", "7", "-1.5", "[]", "[\"p\",\"é\\n\"]"].randomElement(
                    using: &random)!
            }
            record.metadata = metadata
        }
        return record
    }

    func merged(with update: ModelRecord) -> ModelRecord {
        var result = self
        if let dense = update.dense { result.dense = dense }
        if let sparse = update.sparse { result.sparse = sparse }
        if let metadata = update.metadata { result.metadata = (result.metadata ?? [:]).merging(metadata) { $1 } }
        return result
    }

    func line(_ kind: OperationKind, extra: String = "") -> String {
        var fields = ["\"id\":\"\(id)\""]
        if kind == .update { fields.append("\"op\":\"update\"") }
        if let dense { fields.append("\"values\":\(dense)") }
        if let sparse { fields.append("\"sparse_values\":\(sparse)") }
        if let metadata {
            let entries = metadata.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
            fields.append("\"\(kind == .update ? "set_metadata" : "metadata")\":{\(entries)}")
        }
        return "{" + fields.joined(separator: ",") + extra + "}"
    }
}

private let ids = ["a", "with space", "q\\\"uote\\\\", "\\u0001"]

@Suite struct `Stored records taken apart` {
    @Test(arguments: [Encoding.protobuf, .packed], [OperationKind.upsert, .update])
    func `a merged update is what the merged record would have been`(encoding: Encoding, waiting: OperationKind) throws
    {
        var random = TestRandom.forTest("merge \(encoding) \(waiting)")
        var reader = reader(encoding)
        for _ in 0..<1_500 {
            let id = ids.randomElement(using: &random)!
            let old = ModelRecord.random(id, &random, update: waiting == .update)
            let new = ModelRecord.random(id, &random, update: true)
            #expect(reader.read(old.line(waiting)).operation != nil, "\(old)")
            let stored = reader.encoded
            #expect(reader.read(new.line(.update)).operation != nil, "\(new)")
            let update = reader.encoded
            let merged = try RecordMerge.merge(waiting, stored[...], update: update[...], encoding: encoding)
            let expected = reader.read(old.merged(with: new).line(waiting))
            #expect(merged.bytes == reader.encoded, "\(old) + \(new)")
            let weight = expected.operation?.weight ?? 0
            if encoding == .packed {
                // The merged record is counted as it is, what is read at most.
                #expect(merged.weight == VectorText.count(merged.bytes[...], waiting), "\(old) + \(new)")
                #expect(merged.weight <= weight, "\(old) + \(new)")
            } else {
                #expect(merged.weight == weight, "\(old) + \(new)")
            }
            #expect(RecordID.extract(from: merged.bytes[...], waiting, encoding) == reader.id)
        }
    }

    @Test(arguments: [Encoding.protobuf, .packed])
    func `a merge that breaks a limit is refused, at n and n plus one`(encoding: Encoding) throws {
        var reader = reader(encoding)
        // In JSON: {"k":"…","l":"…"}, 15 bytes around; protobuf needs more for texts this long.
        let half = String(repeating: "x", count: 20_000)
        _ = reader.read("{\"id\":\"a\",\"values\":[1],\"metadata\":{\"k\":\"\(half)\"}}")
        let stored = reader.encoded
        func update(_ count: Int) -> [UInt8] {
            _ = reader.read(
                "{\"id\":\"a\",\"op\":\"update\",\"set_metadata\":{\"l\":\"\(String(repeating: "y", count: count))\"}}")
            return reader.encoded
        }
        let most = 40_960 - 15 - 20_000
        let merged = try RecordMerge.merge(.upsert, stored[...], update: update(most)[...], encoding: encoding)
        #expect(
            merged.weight == 40_960 + (encoding == .packed ? #"{"id":"a","values":[1],"metadata":},"#.utf8.count : 4))
        let over = update(most + 1)
        let error = #expect(throws: Rejection.self) {
            try RecordMerge.merge(.upsert, stored[...], update: over[...], encoding: encoding)
        }
        #expect(error?.code == .metadataTooLarge && error?.id == "a" && error?.pointer == "/set_metadata")
        #expect(error?.reason.contains("Metadata size is 40961 bytes") == true)
    }

    @Test func `bytes that are not in their form are refused, never read beyond`() {
        var random = TestRandom.forTest("broken stored bytes")
        var reader = reader()
        _ = reader.read(#"{"id":"a","op":"update","values":[1],"set_metadata":{"k":["v"]}}"#)
        let update = reader.encoded
        _ = reader.read(
            #"{"id":"a","values":[1,2],"sparse_values":{"indices":[1],"values":[2]},"metadata":{"k":"v","n":1}}"#)
        let whole = reader.encoded
        for count in 0..<whole.count {
            #expect(throws: Rejection.self) {
                try RecordMerge.merge(.upsert, whole[..<count], update: update[...], encoding: .protobuf)
            }
            #expect(Transcode.json(protobuf: whole[..<count], .upsert) == nil)
        }
        for _ in 0..<3_000 {
            var bytes = whole
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = try? RecordMerge.merge(.upsert, bytes[...], update: update[...], encoding: .protobuf)
            for kind in OperationKind.allCases {
                for encoding in Encoding.allCases { _ = RecordID.extract(from: bytes[...], kind, encoding) }
                _ = Transcode.json(protobuf: bytes[...], kind)
                _ = Transcode.protobuf(json: bytes[...], kind)
            }
            _ = RecordRendering.submitted(bytes[...], .upsert, .protobuf, namespace: "")
        }
        #expect(throws: Rejection.self) {
            try RecordMerge.merge(.upsert, whole[...], update: update[...], encoding: .json)
        }
        #expect(throws: Rejection.self) {
            try RecordMerge.merge(.delete, [0x0a, 1, 97], update: update[...], encoding: .protobuf)
        }
    }

    @Test(arguments: OperationKind.allCases)
    func `from one encoding to the other is what the reader would have written`(kind: OperationKind) {
        var random = TestRandom.forTest("transcode \(kind)")
        var protobuf = reader()
        for _ in 0..<1_500 {
            let id = ids.randomElement(using: &random)!
            let line =
                kind == .delete
                ? "{\"op\":\"delete\",\"id\":\"\(id)\"}"
                : ModelRecord.random(id, &random, update: kind == .update).line(kind)
            #expect(protobuf.read(line).operation != nil, "\(line)")
            let printed = Transcode.json(protobuf: protobuf.encoded[...], kind) ?? []
            #expect(Transcode.protobuf(json: printed[...], kind) == protobuf.encoded, "\(line)")
            #expect(RecordID.extract(from: printed[...], kind, .json) == protobuf.id)
            #expect(RecordID.extract(from: protobuf.encoded[...], kind, .protobuf) == protobuf.id)
        }
    }

    @Test func `any float and any double survive the way through text`() {
        var random = TestRandom.forTest("floats through text")
        var protobuf = reader()
        for _ in 0..<2_000 {
            let float = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            let double = Double(bitPattern: random.next())
            guard float.isFinite, double.isFinite else { continue }
            let line = "{\"id\":\"a\",\"values\":[1,\(float)],\"metadata\":{\"d\":\(double),\"z\":-0.0}}"
            #expect(protobuf.read(line).operation != nil)
            let json = Transcode.json(protobuf: protobuf.encoded[...], .upsert) ?? []
            #expect(Transcode.protobuf(json: json[...], .upsert) == protobuf.encoded, "\(line)")
        }
    }

    @Test(arguments: OperationKind.allCases, Encoding.allCases)
    func `what is rendered for export is read back as the same write`(kind: OperationKind, encoding: Encoding) {
        var random = TestRandom.forTest("export \(kind) \(encoding)")
        var reader =
            encoding == .ndjson ? reader(.ndjson, api: .records) : reader(encoding == .json ? .protobuf : encoding)
        if encoding == .ndjson && kind == .update { return }
        for namespace in ["", "ns", "q\"\\"] {
            for _ in 0..<200 {
                let id = ids.randomElement(using: &random)!
                var line = ModelRecord.random(id, &random, update: kind == .update).line(kind)
                if encoding == .ndjson { line = "{\"_id\":\"\(id)\",\"op\":\"x\",\"t\":[\"\\u00e9\"],\"n\":1.50}" }
                if kind == .delete { line = "{\"op\":\"delete\",\"id\":\"\(id)\"}" }
                #expect(reader.read(line).operation != nil, "\(line)")
                let stored = reader.encoded
                // An older queue may still hold JSON.
                let older = encoding == .json ? Transcode.json(protobuf: stored[...], kind) ?? [] : stored
                let exported = RecordRendering.submitted(older[...], kind, encoding, namespace: namespace)
                #expect(!exported.contains("\n"))
                #expect(reader.read(exported).operation?.kind == kind, "\(exported)")
                #expect(reader.read(exported).operation?.namespace == namespace, "\(exported)")
                #expect(reader.encoded == stored, "\(exported)")
            }
        }
    }
}
