import Foundation
import Testing

@testable import UpsertIndex

@Suite struct ProtobufTests {
    private func upsert(_ bytes: [UInt8]) throws -> UpsertCall {
        guard case .upsert(let call) = try GRPCDecoder.decode("Upsert", bytes[...]) else {
            throw ServiceError.invalid("not an upsert")
        }
        return call
    }

    @Test func packedAndUnpackedListsMeanTheSame() throws {
        let sparse = SparseVector(indices: [5, 1, .max], values: [0.5, 1, -2])
        var packed = ProtobufWriter()
        packed.string(1, "a")
        for value: Float in [1, 2] { packed.float(2, value) }  // unpacked dense
        packed.message(4) { inner in
            var indices = ProtobufWriter()
            for index in sparse.indices { indices.raw(UInt64(index)) }
            inner.delimited(1, indices.bytes)
            inner.delimited(2, FloatBytes.bytes(sparse.values))
        }
        let one = try upsert(Message.upsert([packed.bytes])).records[0]
        let other = try upsert(Message.upsert([Message.vector("a", [1, 2], sparse: sparse)])).records[0]
        #expect(one == other)
        #expect(one.denseValues == [1, 2])
        #expect(one.sparse == sparse)
    }

    @Test func aPackedListMayComeInPieces() throws {
        var vector = ProtobufWriter()
        vector.delimited(2, FloatBytes.bytes([1, 2]))
        vector.float(2, 3)
        vector.string(1, "a")
        vector.delimited(2, FloatBytes.bytes([4]))
        #expect(try upsert(Message.upsert([vector.bytes])).records[0].denseValues == [1, 2, 3, 4])
    }

    @Test func unknownFieldsAreSkipped() throws {
        var message = ProtobufWriter()
        message.varint(900, 7)
        message.double(901, 1)
        message.float(902, 1)
        message.string(903, "x")
        message.delimited(1, Message.vector("a"))
        #expect(try upsert(message.bytes).records.map(\.id) == ["a"])
    }

    @Test func everyTruncationIsRefusedOrShorter() {
        let whole = Message.upsert(
            [Message.vector("abc", [1, 2], metadata: [.init(name: "k", value: .array([.string("v")]))])],
            namespace: "n")
        for count in 0..<whole.count {
            guard let call = try? upsert(Array(whole[..<count])) else { continue }
            #expect(call.records.count <= 1 && call.namespace.isEmpty, "\(count)")
        }
    }

    @Test(arguments: [
        [0x07], [0x00], [0x03], [0x0a, 0x05, 0x01], [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0x12, 0x02, 0xff, 0xfe],
        [0x0a, 0x03, 0x12, 0x01, 0x00], [0x08, 0x01],
    ])
    func refusesBrokenMessages(_ bytes: [UInt8]) {
        #expect(throws: ServiceError.self) { try upsert(bytes) }
    }

    @Test func nestedStructsAreBounded() {
        var bytes: [UInt8] = []
        for _ in 0..<200 {
            var writer = ProtobufWriter()
            writer.message(1) { entry in
                entry.string(1, "k")
                entry.message(2) { $0.delimited(5, bytes) }
            }
            bytes = writer.bytes
        }
        #expect(throws: ProtobufError.self) { try StructMessage.read(bytes[...]) }
    }

    @Test func randomBytesNeverTrap() {
        var random = seededGenerator()
        let seed = Message.upsert(
            [Message.vector("abc", [1, 2], metadata: [.init(name: "k", value: .string("v"))])], namespace: "n")
        for _ in 0..<20000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: .min ... .max, using: &random)
            }
            _ = try? upsert(bytes)
        }
    }

    /// Messages that the official SDK sent, recorded by Tests/golden/capture.py.
    @Test func decodesWhatTheOfficialSDKSends() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../golden/sdk-10.2.0.json")
        guard case .array(let cases) = try JSONReader.parse(Array(try Data(contentsOf: file))[...]) else {
            Issue.record("golden file is no list")
            return
        }
        #expect(cases.count >= 15)
        for golden in cases {
            guard case .string(let method)? = golden["method"], case .string(let hex)? = golden["hex"],
                case .string(let input)? = golden["input"], case .string(let namespace)? = golden["namespace"]
            else {
                Issue.record("golden entry lacks a member")
                continue
            }
            let digits = hex.compactMap(\.hexDigitValue)
            let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
            let call = try GRPCDecoder.decode(String(method.dropFirst("/VectorService/".count)), bytes[...])
            try expect(call, matches: input.split(separator: "\n").map { Array($0.utf8) }, namespace)
        }
    }

    /// Compares a decoded call with the producer's lines that went into the SDK.
    private func expect(_ call: Call, matches lines: [[UInt8]], _ namespace: String) throws {
        #expect(call.writtenNamespace == namespace)
        let inputs = try lines.map { try JSONReader.parse($0[...]) }
        #expect(call.writtenIDs.map { JSONValue.string($0) } == inputs.compactMap { $0["id"] })
        guard case .upsert(let upsert) = call else { return }
        for (record, line) in zip(upsert.records, lines) {
            var reader = JSONReader(line)
            let expected = try VectorJSON.record(&reader)
            #expect(record.dense == expected.dense)
            #expect(record.sparse == expected.sparse)
            // The SDK sorts metadata keys, so values are compared by name.
            let found = record.metadata.isEmpty ? .object([]) : try JSONReader.parse(record.metadata)
            guard
                case .object(let members) = expected.metadata.isEmpty
                    ? .object([]) : try JSONReader.parse(expected.metadata)
            else { continue }
            for member in members { #expect(found[member.name] == member.value) }
        }
    }
}
