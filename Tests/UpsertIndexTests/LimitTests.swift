import Foundation
import Testing

@testable import UpsertIndex

@Suite struct LimitTests {
    private func upsert(_ index: Harness, count: Int) async -> RESTAnswer {
        let vectors = (0..<count).map { #"{"id":"\#($0)","values":[1,0]}"# }.joined(separator: ",")
        return await index.rest("POST", "/vectors/upsert", #"{"vectors":[\#(vectors)]}"#)
    }

    @Test(arguments: [(0, 400), (1, 200), (999, 200), (1000, 200), (1001, 400)])
    func upsertTakesUpTo1000Vectors(_ count: Int, _ status: Int) async throws {
        let index = try Harness()
        let answer = await upsert(index, count: count)
        #expect(answer.status == status)
        let vectors = (0..<count).map { Message.vector("\($0)") }
        let grpc = await index.grpc("Upsert", Message.upsert(vectors, namespace: "g"))
        #expect(grpc.status == (status == 200 ? 0 : 3))
        if count == 0 { #expect(answer.message == "Invalid request") }
        if count == 1001 {
            #expect(answer.json?["code"] == .number(3))
            #expect(answer.json?["details"] == .array([]))
        }
    }

    @Test(arguments: [(1, nil), (2, 200), (3, nil)] as [(Int, Int?)])
    func dimensionMustMatch(_ count: Int, _ status: Int?) async throws {
        let index = try Harness()
        let values = Array(repeating: "1", count: count).joined(separator: ",")
        let answer = await index.upsert("a", #""values":[\#(values)]"#)
        let text = "Vector dimension \(count) does not match the dimension of the index 2"
        #expect(answer.status == status ?? 400)
        #expect(answer.message == (status == nil ? text : nil))
        let grpc = await index.grpc(
            "Upsert", Message.upsert([Message.vector("a", Array(repeating: 1, count: count))]))
        #expect(grpc.message == (status == nil ? text : nil))
    }

    @Test func aVectorWithoutDenseValuesDoesNotFitADenseIndex() async throws {
        let index = try Harness()
        let answer = await index.upsert("a", #""values":[],"sparseValues":{"indices":[1],"values":[1]}"#)
        #expect(answer.message == "Vector dimension 0 does not match the dimension of the index 2")
    }

    @Test(arguments: [(40959, true), (40960, true), (40961, false)])
    func metadataTakes40960BytesOfCompactJSON(_ bytes: Int, _ isAccepted: Bool) async throws {
        let index = try Harness()
        // {"t":"…"} is 8 bytes around the text.
        let text = String(repeating: "x", count: bytes - 8)
        let expected =
            isAccepted ? nil : "Metadata size is \(bytes) bytes, which exceeds the limit of 40960 bytes per vector"
        let answer = await index.upsert("a", #""values":[1,0], "metadata" : { "t" : "\#(text)" }"#)
        #expect(answer.message == expected)
        let vector = Message.vector("a", metadata: [.init(name: "t", value: .string(text))])
        #expect(await index.grpc("Upsert", Message.upsert([vector])).message == expected)
    }

    @Test func metadataIsMeasuredAgainAfterAnUpdate() async throws {
        let index = try Harness()
        let half = String(repeating: "x", count: 30000)
        await index.upsert("a", #""values":[1,0],"metadata":{"a":"\#(half)"}"#)
        let answer = await index.rest(
            "POST", "/vectors/update", #"{"id":"a","values":[0,1],"setMetadata":{"b":"\#(half)"}}"#)
        #expect(answer.status == 400)
        let record = await index.rest("GET", "/vectors/fetch?ids=a")
        #expect(record.json?["vectors"]?["a"]?["values"] == .array([.number(1), .number(0)]), "nothing is applied")
    }

    @Test(arguments: [
        (#"{"x":{"deep":10}}"#, #"{"deep":10.0}"#, "x"), (#"{"x":[1.5,2,3,4,5]}"#, "[1.5,2.0,3.0,4.0...", "x"),
        (#"{"x":["a",null]}"#, #"["a",null]"#, "x"), (#"{"y":[true]}"#, "[true]", "y"),
        (#"{"x":["żżżżżżżż",1]}"#, #"["żżżżżżż..."#, "x"),
    ])
    func metadataTypesAreChecked(_ metadata: String, _ quoted: String, _ field: String) async throws {
        let index = try Harness()
        let expected = "Metadata value must be a string, number, boolean or list of strings, got '\(quoted)' for field "
        let answer = await index.upsert("a", #""values":[1,0],"metadata":\#(metadata)"#)
        #expect(answer.message == expected + "'\(field)'")
        guard case .object(let members) = try JSONReader.parse(Array(metadata.utf8)[...]) else { return }
        let grpc = await index.grpc("Upsert", Message.upsert([Message.vector("a", metadata: members)]))
        #expect(grpc.message == expected + "'\(field)'")
    }

    @Test func metadataNullIsStrippedFromJSONOnly() async throws {
        let index = try Harness()
        #expect(await index.upsert("a", #""values":[1,0],"metadata":{"k":1,"n":null}"#).status == 200)
        let record = await index.rest("GET", "/vectors/fetch?ids=a")
        #expect(record.json?["vectors"]?["a"]?["metadata"] == .object([.init(name: "k", value: .number(1))]))
        let vector = Message.vector("a", metadata: [.init(name: "n", value: .null)])
        #expect(await index.grpc("Upsert", Message.upsert([vector])).status == 3)
    }

    @Test func metadataKeysMayBeAnythingButOperators() async throws {
        let index = try Harness()
        let answer = await index.upsert("a", #""values":[1,0],"metadata":{"":1,"é":2,"_x":3}"#)
        #expect(answer.status == 200)
        let refused = await index.upsert("a", #""values":[1,0],"metadata":{"$k":1}"#)
        #expect(refused.message == "Metadata field '$k' cannot start with '$'")
    }

    @Test(arguments: [(0, false), (1, true), (511, true), (512, true), (513, false)])
    func idsHave1To512Characters(_ count: Int, _ isAccepted: Bool) async throws {
        let index = try Harness()
        let id = String(repeating: "i", count: count)
        #expect((await index.upsert(id).status == 200) == isAccepted)
        #expect((await index.grpc("Upsert", Message.upsert([Message.vector(id)])).status == 0) == isAccepted)
    }

    @Test(arguments: [("é", "Vector ID must be ASCII"), ("a\\u0000", "Vector ID must not contain null character")])
    func idsAreASCII(_ id: String, _ text: String) async throws {
        #expect(await (try Harness()).upsert(id).message == text)
    }

    @Test func idsMayHoldAnyOtherASCII() async throws {
        let index = try Harness()
        #expect(await index.upsert(#" \t\n\r\"\\/<>';--\u007f\u0001"#).status == 200)
        #expect(await index.ids().count == 1)
    }

    @Test(arguments: [(511, true), (512, true), (513, false)])
    func namespacesHaveUpTo512Characters(_ count: Int, _ isAccepted: Bool) async throws {
        let index = try Harness()
        let name = String(repeating: "n", count: count)
        #expect((await index.upsert("a", namespace: name).status == 200) == isAccepted)
    }

    @Test(arguments: [("[0,0]", false), ("[1e-9,0]", false), ("[0,1.1e-8]", true), ("[0,-1e-8]", true)])
    func denseVectorsNeedAValueThatIsNotZero(_ values: String, _ isAccepted: Bool) async throws {
        let answer = await (try Harness()).upsert("a", #""values":\#(values)"#)
        #expect(answer.message == (isAccepted ? nil : "Dense vectors must contain at least one non-zero value"))
    }

    @Test(arguments: ["[1e39,0]", "[null,0]", "[\"1\",0]", "[true,0]", "1"])
    func denseValuesAreFiniteNumbers(_ values: String) async throws {
        #expect(await (try Harness()).upsert("a", #""values":\#(values)"#).status == 400)
    }

    @Test func nonFiniteFloatsAreRefusedOverGRPC() async throws {
        let index = try Harness()
        for bad: Float in [.nan, .infinity, -.infinity] {
            #expect(await index.grpc("Upsert", Message.upsert([Message.vector("a", [1, bad])])).status == 3)
        }
        let vector = Message.vector("a", metadata: [.init(name: "n", value: .number(.nan))])
        #expect(await index.grpc("Upsert", Message.upsert([vector])).status == 3)
    }

    @Test(arguments: [(0, false), (1, true), (2047, true), (2048, true), (2049, false)])
    func sparseVectorsHave1To2048Values(_ count: Int, _ isAccepted: Bool) async throws {
        let index = try Harness()
        let sparse = SparseVector(
            indices: (0..<count).map { UInt32($0) }, values: Array(repeating: 1, count: count))
        let grpc = await index.grpc("Upsert", Message.upsert([Message.vector("a", sparse: sparse)]))
        #expect((grpc.status == 0) == isAccepted)
        if count == 0 { #expect(grpc.message == "Sparse vector must contain at least one value") }
    }

    @Test func sparseListsMustBeEquallyLong() async throws {
        let answer = await (try Harness()).upsert("a", #""values":[1,0],"sparseValues":{"indices":[1],"values":[1,2]}"#)
        #expect(answer.status == 400)
    }

    @Test(arguments: ["-1", "4294967296", "1.5", "null"])
    func sparseIndicesAreUnsigned32Bit(_ text: String) async throws {
        let answer = await (try Harness()).upsert(
            "a", #""values":[1,0],"sparseValues":{"indices":[\#(text)],"values":[1]}"#)
        #expect(answer.status == 400)
    }

    @Test(arguments: [Metric.cosine, .euclidean])
    func onlyDotproductTakesSparseValues(_ metric: Metric) async throws {
        let answer = await (try Harness(metric: metric)).upsert(
            "a", #""values":[1,0],"sparseValues":{"indices":[1],"values":[1]}"#)
        #expect(answer.message == "Index configuration does not support sparse values")
    }

    @Test func aSparseIndexTakesSparseValuesOnly() async throws {
        let index = try Harness(dimension: 0)
        #expect(
            await index.upsert("a", #""values":[1]"#).message == "Index configuration does not support dense values")
        #expect(await index.upsert("a", #""metadata":{"x":1}"#).status == 400)
        let sparse = #""sparseValues":{"indices":[4294967295,2],"values":[1,0.5]}"#
        #expect(await index.upsert("a", #""values":[],\#(sparse)"#).status == 200)
        let found = await index.rest("POST", "/query", #"{"topK":1,"sparseVector":{"indices":[2],"values":[2]}}"#)
        #expect(found.text.contains(#""score":1.0"#))
        #expect(
            await index.rest("POST", "/query", #"{"topK":1}"#).message
                == "Either 'sparse_vector' or 'ID' must be provided")
    }
}
