import Foundation
import Testing
import UpsertHTTP

@testable import UpsertIndex

@Suite struct SizeLimitTests {
    /// Metadata entries of 40,000 bytes of JSON each, the last one as long as needed to reach `bytes` in all.
    private func vectors(payload bytes: Int) -> [[UInt8]] {
        var left = bytes
        var vectors: [[UInt8]] = []
        while left > 0 {
            let size = min(left, 40000)
            left -= size
            // 8 bytes of dense values and 8 bytes around the text.
            let text = String(repeating: "x", count: size - 16)
            vectors.append(Message.vector("\(vectors.count)", metadata: [.init(name: "t", value: .string(text))]))
        }
        return vectors
    }

    @Test(arguments: [(1_999_999, true), (2_000_000, true), (2_000_001 + 16, false)])
    func anUpsertTakesTwoMegabytes(_ bytes: Int, _ isAccepted: Bool) async throws {
        let index = try Harness()
        let answer = await index.grpc("Upsert", Message.upsert(vectors(payload: bytes)))
        #expect(answer.status == (isAccepted ? 0 : 3))
        #expect(answer.message == (isAccepted ? nil : "Request size 3MB exceeds the maximum supported size of 2MB"))
    }

    @Test func theSizingTableOfTheDocumentationFits() async throws {
        // 768 dimensions with 500 bytes of metadata: 559 records fit, 560 do not.
        let index = try Harness(dimension: 768)
        let values = Array(repeating: Float(0.5), count: 768)
        let metadata = [JSONMember(name: "t", value: .string(String(repeating: "x", count: 492)))]
        for (count, status) in [(559, 0), (560, 3)] {
            let vectors = (0..<count).map { Message.vector("\($0)", values, metadata: metadata) }
            #expect(await index.grpc("Upsert", Message.upsert(vectors)).status == status)
        }
    }

    @Test(arguments: [(4_194_304, 3), (4_194_305, 11)])
    func aMessageTakesFourMebibytes(_ bytes: Int, _ status: Int) async throws {
        let index = try Harness()
        var message = Message.upsert(vectors(payload: 2_100_000))
        var padding = ProtobufWriter()
        // Two bytes of tag and three or four of length lie before the padding itself.
        let room = bytes - message.count
        padding.delimited(900, [UInt8](repeating: 0, count: room - (room < 1 << 21 ? 5 : 6)))
        message += padding.bytes
        #expect(message.count == bytes)
        let answer = await index.grpc("Upsert", message)
        #expect(answer.status == status)
        if status == 11 {
            let text =
                "Error, decoded message length too large: found \(bytes) bytes, the limit is: 4194304 bytes"
            #expect(answer.message == text)
        }
    }

    @Test func anOversizedRESTUpsertHasCode11() async throws {
        let index = try Harness()
        let text = String(repeating: "x", count: 40000)
        let vectors = (0..<106).map { #"{"id":"\#($0)","values":[1,0],"metadata":{"t":"\#(text)"}}"# }
        let answer = await index.rest("POST", "/vectors/upsert", #"{"vectors":[\#(vectors.joined(separator: ","))]}"#)
        #expect(answer.status == 400)
        #expect(answer.json?["code"] == .number(11))
    }

    @Test(arguments: [(95, 201), (96, 201), (97, 400)])
    func textRecordsComeInBatchesOf96(_ count: Int, _ status: Int) async throws {
        let index = try Harness()
        let lines = (0..<count).map { #"{"_id":"\#($0)","text":"t"}"# + "\n" }.joined()
        let answer = await index.rest("POST", "/records/namespaces/ns/upsert", lines)
        #expect(answer.status == status)
        #expect(answer.response.body.isEmpty == (status == 201))
        if status == 400 {
            #expect(
                answer.text
                    == #"{"status":400,"error":{"code":"INVALID_ARGUMENT","message":"Invalid input: Batch size exceeds 96"}}"#
            )
        }
        #expect(await index.ids(namespace: "ns").count == (status == 201 ? count : 0))
    }

    @Test(arguments: [
        #"{"text":"no id"}"#, #"{"_id":"a","id":"b"}"#, #"{"_id":1}"#, "[]", #"{"_id":"a","x":{"y":1}}"#, "{", "",
    ])
    func brokenTextRecordsAreRefused(_ line: String) async throws {
        let index = try Harness()
        let body = #"{"_id":"good","text":"t"}"# + "\n" + line
        let answer = await index.rest("POST", "/records/namespaces/ns/upsert", line.isEmpty ? "" : body)
        #expect(answer.status == 400)
        #expect(answer.json?["status"] == .number(400))
        #expect(await index.ids(namespace: "ns") == [])
    }

    @Test(arguments: [(999, 200), (1000, 200), (1001, 400)])
    func idsOfADeleteAreBounded(_ count: Int, _ status: Int) async throws {
        let index = try Harness()
        await index.upsert("a")
        let ids = (0..<count).map { "\"\($0)\"" }.joined(separator: ",")
        #expect(await index.rest("POST", "/vectors/delete", #"{"ids":[\#(ids)]}"#).status == status)
        let query = (0..<count).map { "ids=\($0)" }.joined(separator: "&")
        #expect(await index.rest("GET", "/vectors/fetch?\(query)").status == status)
    }

    @Test(arguments: [(0, 400), (1, 200), (10000, 200), (10001, 400)])
    func topKIsBounded(_ count: Int, _ status: Int) async throws {
        let index = try Harness()
        #expect(await index.rest("POST", "/query", #"{"topK":\#(count),"vector":[1,0]}"#).status == status)
    }

    @Test(arguments: [(0, 400), (1, 200), (100, 200), (101, 400)])
    func listPagesAreBounded(_ limit: Int, _ status: Int) async throws {
        let index = try Harness()
        #expect(await index.rest("GET", "/vectors/list?limit=\(limit)").status == status)
        #expect(await index.rest("GET", "/namespaces?limit=\(limit)").status == status)
    }
}
