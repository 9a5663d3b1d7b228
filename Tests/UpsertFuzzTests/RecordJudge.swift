import Glibc
import UpsertCore

@testable import UpsertIndex

/// Reads records for every target form and has the embedded index's own decoders say what was made of them.
struct RecordJudge {
    /// A disagreement.
    struct Verdict: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    private var protobuf = RecordReader(Self.rules(.vectors, .protobuf))
    private var packed = RecordReader(Self.rules(.vectors, .packed))
    /// What REST sends of the last record.
    private var json: [UInt8] = []
    private var text = RecordReader(Self.rules(.records, .ndjson))
    /// Inputs accepted as vector records and as text records.
    private(set) var accepted = (vectors: 0, texts: 0)

    private static func rules(_ api: RecordAPI, _ encoding: Encoding) -> UpsertCore.RecordRules {
        UpsertCore.RecordRules(api: api, encoding: encoding, dimension: nil) { bytes in
            // Not SHA-256, but as good for this: any 32 bytes that depend on the content.
            var sum: UInt64 = 14_695_981_039_346_656_037
            for byte in bytes { sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211 }
            return (0..<32).map { UInt8(truncatingIfNeeded: sum >> UInt64($0 % 8 * 8)) }
        }
    }

    mutating func judge(_ input: [UInt8]) throws {
        let padded = input + [UInt8](repeating: UInt8(ascii: "7"), count: RecordReader.paddingBytes)
        try padded.withUnsafeBytes { padded in
            let line = UnsafeRawBufferPointer(rebasing: padded[..<input.count])
            try judgeVector(protobuf.read(line), packed.read(line), input)
            try judgeText(text.read(line), input)
        }
        try BodyJudge.judge(input)
    }

    // MARK: Vector records

    private mutating func judgeVector(_ first: ReadResult, _ second: ReadResult, _ input: [UInt8]) throws {
        switch (first, second) {
        case (.blank, .blank): return
        case (.rejected(let one), .rejected(let other)):
            guard one.code == other.code, !one.reason.isEmpty else { throw Verdict("\(one) but \(other)") }
        case (.operation(let one), .operation(let other)):
            guard one.kind == other.kind, one.namespace == other.namespace else { throw Verdict("\(one) but \(other)") }
            guard protobuf.encoded == packed.encoded, protobuf.id == packed.id else {
                throw Verdict("stored forms differ")
            }
            guard let text = Transcode.json(protobuf: packed.encoded[...], one.kind) else { throw Verdict("no JSON") }
            guard one.kind == .delete || text.count <= other.weight else {
                throw Verdict("\(text.count) bytes of JSON, weighed as \(other.weight)")
            }
            json = text
            accepted.vectors += 1
            switch one.kind {
            case .upsert: try judgeUpsert(input)
            case .update: try judgeUpdate(input)
            case .delete: try judgeDelete()
            }
        default: throw Verdict("for gRPC \(first), for REST \(second)")
        }
    }

    private func judgeUpsert(_ input: [UInt8]) throws {
        guard case .upsert(let call) = try GRPCDecoder.decode("Upsert", protobuf.encoded[...]), call.records.count == 1
        else { throw Verdict("the protobuf is no upsert of one record") }
        guard json.last == UInt8(ascii: ",") else { throw Verdict("no comma behind the JSON") }
        var reader = JSONReader(json.dropLast())
        let sent = try VectorJSON.record(&reader)
        try reader.finish()
        let record = call.records[0]
        guard Array(record.id.utf8) == protobuf.id, sent.id == record.id else { throw Verdict("ids differ") }
        try judgeValues(record, sent, input)
    }

    private func judgeUpdate(_ input: [UInt8]) throws {
        guard case .update(let call) = try GRPCDecoder.decode("Update", protobuf.encoded[...]) else {
            throw Verdict("the protobuf is no update")
        }
        var record = VectorRecord(id: call.id, dense: call.dense, sparse: call.sparse)
        record.metadata = call.setMetadata
        var renamed = json
        if let range = renamed.firstRange(of: Array("\"setMetadata\":".utf8)) {
            renamed.replaceSubrange(range, with: Array("\"metadata\":".utf8))
        }
        var reader = JSONReader(renamed)
        let sent = try VectorJSON.record(&reader)
        guard call.id == sent.id else { throw Verdict("ids differ") }
        try judgeValues(record, sent, input)
    }

    private func judgeValues(_ record: VectorRecord, _ sent: VectorRecord, _ input: [UInt8]) throws {
        guard case .array(let submitted) = try JSONReader.parse(input[...])["values"] ?? .array([]) else {
            throw Verdict("values are no array")
        }
        // By way of a double, so the last bit may be another one.
        let isSame =
            submitted.count == record.denseCount
            && zip(submitted, record.denseValues).allSatisfy { value, float in
                guard case .number(let double) = value else { return false }
                return abs(Int64(Float(double).magnitude.bitPattern) - Int64(float.magnitude.bitPattern)) <= 1
                    && (Float(double).sign == float.sign)
            }
        guard isSame || submitted.isEmpty else { throw Verdict("values \(record.denseValues) of \(submitted)") }
        // The C library says what each number that is sent is as a float.
        let dense = Self.numbers(in: json, of: "\"values\":[", from: 0)
        guard record.denseValues.map(\.bitPattern) == dense.map({ strtof($0, nil).bitPattern }) else {
            throw Verdict("values \(record.denseValues) of \(dense)")
        }
        guard sent.denseCount == dense.count else { throw Verdict("\(sent.denseCount) values of \(dense.count)") }
        guard record.sparse?.indices == sent.sparse?.indices,
            record.sparse?.values.count == sent.sparse?.values.count
        else { throw Verdict("sparse values differ") }
        guard try Self.members(record.metadata) == Self.members(sent.metadata) else {
            throw Verdict(
                "metadata \(String(decoding: record.metadata, as: UTF8.self)) of "
                    + String(decoding: sent.metadata, as: UTF8.self))
        }
    }

    private static func members(_ metadata: ArraySlice<UInt8>) throws -> [String: String] {
        guard !metadata.isEmpty, case .object(let members) = try JSONReader.parse(metadata) else { return [:] }
        return Dictionary(members.map { ("\(Array($0.name.utf8))", $0.value.quotedText) }) { $1 }
    }

    /// The texts of a list of numbers that follows `lead` in compact JSON. Ids and metadata come after dense values.
    private static func numbers(in json: [UInt8], of lead: String, from: Int) -> [String] {
        // The id comes first, and a quote inside it is escaped, so the lead cannot be part of it.
        guard let start = json.firstRange(of: Array(("," + lead).utf8))?.upperBound,
            !json[..<start].contains(Array("\"metadata\"".utf8)),
            !json[..<start].contains(Array("\"sparseValues\"".utf8)),
            let end = json[start...].firstIndex(of: UInt8(ascii: "]"))
        else { return [] }
        return String(decoding: json[start..<end], as: UTF8.self).split(separator: ",").map { String($0) }
    }

    private func judgeDelete() throws {
        guard case .delete(let call) = try GRPCDecoder.decode("Delete", protobuf.encoded[...]) else {
            throw Verdict("the protobuf is no delete")
        }
        var reader = JSONReader(json.dropLast())
        let id = try reader.string()
        guard call.ids == [id], Array(id.utf8) == protobuf.id, json.last == UInt8(ascii: ",") else {
            throw Verdict("ids differ")
        }
    }

    // MARK: Text records

    private mutating func judgeText(_ result: ReadResult, _ input: [UInt8]) throws {
        guard case .operation(let operation) = result else { return }
        accepted.texts += 1
        guard operation.kind == .upsert else { return }
        var encoded = text.encoded
        guard encoded.popLast() == UInt8(ascii: "\n"), !encoded.contains(UInt8(ascii: "\n")),
            case .object(let members) = try JSONReader.parse(encoded[...])
        else { throw Verdict("no line of JSON: \(String(decoding: text.encoded, as: UTF8.self))") }
        guard case .string(let id)? = members.first(where: { $0.name == "_id" })?.value, Array(id.utf8) == text.id
        else {
            throw Verdict("ids differ")
        }
        guard case .object(let submitted)? = try? JSONReader.parse(input[...]),
            !submitted.contains(where: { $0.name == "record" })
        else { return }
        for field in submitted where field.name != "id" && field.name != "_id" && field.value != .null {
            guard members.contains(field) else { throw Verdict("field \(field.name) is lost") }
        }
    }
}
