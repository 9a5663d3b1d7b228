import Foundation
import Testing
import UpsertHTTP

@testable import UpsertIndex

@Suite struct OperationTests {
    @Test func oneBadRecordRefusesTheWholeRequest() async throws {
        let index = try Harness()
        let answer = await index.rest(
            "POST", "/vectors/upsert", #"{"vectors":[{"id":"a","values":[1,0]},{"id":"b","values":[1]}]}"#)
        #expect(answer.status == 400)
        #expect(await index.ids() == [])
        #expect(index.journal.entries.isEmpty)
    }

    @Test func ofARepeatedIdTheLastWins() async throws {
        let index = try Harness()
        let answer = await index.rest(
            "POST", "/vectors/upsert", #"{"vectors":[{"id":"a","values":[1,0]},{"id":"a","values":[2,0]}]}"#)
        #expect(answer.text == #"{"upsertedCount":2}"#)
        let stats = await index.rest("POST", "/describe_index_stats")
        #expect(stats.json?["totalVectorCount"] == .number(1))
        #expect(await index.rest("GET", "/vectors/fetch?ids=a").text.contains("[2.0,0.0]"))
    }

    @Test func idsAreListedInByteOrder() async throws {
        let index = try Harness()
        for id in ["b", "B", "a~", "a", "10", "9", "_"] { await index.upsert(id) }
        #expect(await index.ids() == ["10", "9", "B", "_", "a", "a~", "b"])
    }

    @Test func lsnsGrowPerNamespaceAndQueriesReportThem() async throws {
        let index = try Harness()
        #expect(await index.upsert("a", namespace: "x").response.headers["x-pinecone-request-lsn"] == "1")
        #expect(await index.upsert("a", namespace: "x").response.headers["x-pinecone-request-lsn"] == "2")
        #expect(await index.upsert("a", namespace: "y").response.headers["x-pinecone-request-lsn"] == "1")
        let deleted = await index.rest("POST", "/vectors/delete", #"{"ids":["a"],"namespace":"x"}"#)
        #expect(deleted.response.headers["x-pinecone-request-lsn"] == "3")
        let query = await index.rest("POST", "/query", #"{"topK":1,"vector":[1,0],"namespace":"x"}"#)
        #expect(query.response.headers["x-pinecone-max-indexed-lsn"] == "3")
        let grpc = await index.grpc("Upsert", Message.upsert([Message.vector("a")], namespace: "y"))
        #expect(grpc.response.headers["x-pinecone-request-lsn"] == "2", "initial metadata, not trailers")
        #expect(grpc.response.trailers["grpc-status"] == "0")
    }

    @Test func deletingInAMissingNamespaceIsNotFound() async throws {
        let index = try Harness()
        for body in [#"{"ids":["a"],"namespace":"no"}"#, #"{"deleteAll":true}"#, #"{"filter":{"a":1}}"#] {
            let answer = await index.rest("POST", "/vectors/delete", body)
            #expect(answer.status == 404)
            #expect(answer.text == #"{"code":5,"message":"Namespace not found","details":[]}"#)
        }
        var message = ProtobufWriter()
        message.string(1, "a")
        let grpc = await index.grpc("Delete", message.bytes)
        #expect(grpc.status == 5)
        #expect(grpc.message == "Namespace not found")
    }

    @Test(arguments: [
        (#"{"ids":["a"],"deleteAll":true}"#, "No explicit IDs allowed when delete_all=true"),
        (#"{"filter":{"a":1},"deleteAll":true}"#, "No filter allowed when delete_all=true"),
        (#"{"filter":{}}"#, "Delete with empty metadata filter is not allowed"), ("{}", "Invalid request"),
    ])
    func contradictoryDeletesAreRefused(_ body: String, _ text: String) async throws {
        let index = try Harness()
        await index.upsert("a")
        #expect(await index.rest("POST", "/vectors/delete", body).message == text)
        #expect(await index.ids() == ["a"])
    }

    @Test func updateMergesMetadataAndReplacesValues() async throws {
        let index = try Harness()
        await index.upsert("a", #""values":[1,0],"metadata":{"x":1,"y":"k"}"#)
        let answer = await index.rest(
            "POST", "/vectors/update", #"{"id":"a","values":[0,2],"setMetadata":{"x":2,"z":true,"n":null}}"#)
        #expect(answer.text == "{}")
        let record = await index.rest("GET", "/vectors/fetch?ids=a").json?["vectors"]?["a"]
        #expect(record?["values"] == .array([.number(0), .number(2)]))
        #expect(
            record?["metadata"]
                == .object([
                    .init(name: "x", value: .number(2)), .init(name: "y", value: .string("k")),
                    .init(name: "z", value: .bool(true)),
                ]))
    }

    @Test func updatingWhatIsMissingChangesNothing() async throws {
        let index = try Harness()
        #expect(await index.rest("POST", "/vectors/update", #"{"id":"a","values":[1,0]}"#).status == 200)
        await index.upsert("b")
        #expect(await index.rest("POST", "/vectors/update", #"{"id":"a","values":[1,0]}"#).status == 200)
        #expect(await index.ids() == ["b"])
    }

    @Test(arguments: [
        ("{}", "Either 'id' or 'filter' must be provided"),
        (#"{"id":"a","filter":{"x":1},"setMetadata":{"y":1}}"#, "Cannot provide both 'id' and 'filter'"),
        (#"{"filter":{},"setMetadata":{"y":1}}"#, "Update with empty metadata filter is not allowed"),
        (
            #"{"filter":{"x":1},"values":[1,0]}"#,
            "Update by metadata request does not support updating vector values."
        ),
    ])
    func contradictoryUpdatesAreRefused(_ body: String, _ text: String) async throws {
        #expect(await (try Harness()).rest("POST", "/vectors/update", body).message == text)
    }

    @Test func bothSpellingsOfTheDefaultNamespaceAreOne() async throws {
        let index = try Harness()
        await index.upsert("a", namespace: "__default__")
        await index.upsert("b", namespace: "")
        #expect(await index.ids() == ["a", "b"])
        let old = await index.rest("GET", "/describe_index_stats")
        #expect(old.json?["namespaces"]?[""]?["vectorCount"] == .number(2))
        let new = await index.rest(
            "GET", "/describe_index_stats", headers: ["X-Pinecone-Api-Version": "2026-07"])
        #expect(new.json?["namespaces"]?["__default__"]?["vectorCount"] == .number(2))
        #expect(await index.rest("GET", "/namespaces/__default__").json?["record_count"] == .string("2"))
    }

    @Test func namespacesArePagedInOrder() async throws {
        let index = try Harness()
        for name in ["", "A", "b", "~"] { await index.upsert("a", namespace: name) }
        var names: [JSONValue] = []
        var target = "/namespaces?limit=1"
        while true {
            let page = await index.rest("GET", target).json
            #expect(page?["total_count"] == .number(4))
            guard case .array(let found)? = page?["namespaces"] else { break }
            names += found.compactMap { $0["name"] }
            guard case .string(let next)? = page?["pagination"]?["next"], names.count < 10 else { break }
            target = "/namespaces?limit=1&paginationToken=\(next)"
        }
        #expect(names == ["A", "__default__", "b", "~"].map { .string($0) })
    }

    @Test func pathsAreDecodedAfterTheyAreSplit() async throws {
        let index = try Harness()
        let answer = await index.rest("POST", "/records/namespaces/a%2Fb%20c/upsert", #"{"_id":"r","t":"x"}"#)
        #expect(answer.status == 201)
        #expect(await index.rest("GET", "/namespaces/a%2Fb%20c").json?["name"] == .string("a/b c"))
    }

    @Test(arguments: [
        #"{"vectors":[{"id":"a","values":[1,0],"extra":1}]}"#, #"{"vectors":[],"name":"x"}"#, "", "[]", "{}x",
    ])
    func unknownAndBrokenBodiesAreRefused(_ body: String) async throws {
        let answer = await (try Harness()).rest("POST", "/vectors/upsert", body)
        #expect(answer.status == 400)
        #expect(answer.json?["code"] == .number(3))
    }

    @Test(arguments: ["/", "/vectors", "/vectors/nothing", "/vectors/upsert/more", "/query%", "/indexes"])
    func unknownPathsAreNotFound(_ path: String) async throws {
        #expect(await (try Harness()).rest("POST", path, "{}").status == 404)
    }

    @Test func theKeyIsRequiredWhenOneIsConfigured() async throws {
        let index = try Harness(apiKey: "right")
        for headers in [[:], ["api-key": "wrong"], ["api-key": ""]] as [HTTPFields] {
            let answer = await index.rest("POST", "/describe_index_stats", headers: headers)
            #expect(answer.status == 401)
            #expect(answer.response.headers["content-type"] == "text/plain")
            #expect(answer.text == "Unauthorized")
        }
        #expect(await index.grpc("DescribeIndexStats", [], key: "wrong").status == 16)
        #expect(await index.grpc("DescribeIndexStats", [], key: "right").status == 0)
    }

    @Test func grpcFramingIsChecked() async throws {
        let index = try Harness()
        for body: [UInt8] in [[], [0, 0, 0], [0, 0, 0, 0, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]] {
            let response = await index.front.handle(
                HTTPRequest(
                    version: .http2, method: "POST", target: "/VectorService/Upsert",
                    headers: ["content-type": "application/grpc"], body: body))
            #expect(GRPCAnswer(response: response).status ?? 0 != 0)
            #expect(response.body.isEmpty)
        }
        #expect(await index.grpc("Nothing", []).status == 12)
    }
}
