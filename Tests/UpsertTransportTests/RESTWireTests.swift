import NIOCore
import Testing
import UpsertCore

@testable import UpsertTransport

extension SocketTests {
    /// What upsertd puts on a REST wire.
    struct RESTWireTests {
        struct Row: Sendable, CustomTestStringConvertible {
            var request: WriteRequest
            var path: String
            var type = "application/json"
            var body: String

            var testDescription: String { "\(path) \(body)" }
        }

        static let rows = [
            Row(
                request: request(.upsert, .json, text: #"{"id":"a","values":[0.10]},"#), path: "/vectors/upsert",
                body: #"{"vectors":[{"id":"a","values":[0.10]}]}"#),
            Row(
                request: request(.upsert, .json, namespace: "ns1", text: #"{"id":"a"},{"id":"b"},"#, #"{"id":"c"},"#),
                path: "/vectors/upsert", body: #"{"vectors":[{"id":"a"},{"id":"b"},{"id":"c"}],"namespace":"ns1"}"#),
            Row(
                request: request(.delete, .json, namespace: #"a"\b"# + "\u{1}", text: #""x","#, #""y","#),
                path: "/vectors/delete", body: #"{"ids":["x","y"],"namespace":"a\"\\b\u0001"}"#),
            Row(
                request: request(.delete, .ndjson, text: #""x","#), path: "/vectors/delete", body: #"{"ids":["x"]}"#),
            Row(
                request: request(.update, .json, namespace: "n", text: #"{"id":"a","setMetadata":{"k":{}}}"#),
                path: "/vectors/update", body: #"{"id":"a","setMetadata":{"k":{}},"namespace":"n"}"#),
            Row(
                request: request(.update, .json, text: #"{"id":"a","values":[1]}"#), path: "/vectors/update",
                body: #"{"id":"a","values":[1]}"#),
            Row(
                request: request(.upsert, .ndjson, text: "{\"_id\":\"a\"}\n", "{\"_id\":\"b\"}\n"),
                path: "/records/namespaces/__default__/upsert", type: "application/x-ndjson",
                body: "{\"_id\":\"a\"}\n{\"_id\":\"b\"}\n"),
            Row(
                request: request(.upsert, .ndjson, namespace: "ns 1/?", text: "{\"_id\":\"a\"}\n"),
                path: "/records/namespaces/ns%201%2F%3F/upsert", type: "application/x-ndjson", body: "{\"_id\":\"a\"}\n"
            ),
        ]

        @Test("path, type and body of every operation, below the target's own path", arguments: rows)
        func formation(_ row: Row) async throws {
            let hasCount = row.request.operation == .upsert && row.request.encoding == .json
            let server = try await HTTPServer(.answer(200, body: hasCount ? #"{"upsertedCount":1}"# : "{}"))
            let transport = try rest(configuration(port: server.port, path: "/indexes/it"))
            #expect(await transport.send(row.request).kind == "acknowledged")
            let received = try #require(server.requests.first)
            #expect(received.head.first == "POST /indexes/it\(row.path) HTTP/1.1")
            #expect(received["content-type"] == row.type)
            #expect(received["content-length"] == "\(row.body.utf8.count)")
            #expect(received.body == row.body)
            await transport.close()
            try await server.stop()
        }

        @Test("the headers are the SDK's")
        func headers() async throws {
            let server = try await HTTPServer(.answer(200, body: #"{"upsertedCount":1}"#))
            let transport = try rest(configuration(port: server.port))
            _ = await transport.send(request(.upsert, .json, text: "{},"))
            let head = try #require(server.requests.first).head.dropFirst()
            #expect(
                Set(head.map { $0.lowercased() }) == [
                    "host: 127.0.0.1:\(server.port)", "x-pinecone-api-version: 2026-07", "user-agent: upsertd/test",
                    "api-key: pclocal", "content-type: application/json", "content-length: 16",
                ])
            await transport.close()
            try await server.stop()
        }

        @Test("count and LSN come back")
        func acknowledgement() async throws {
            let server = try await HTTPServer(
                .answer(
                    200, headers: [("content-type", "application/json"), ("x-pinecone-request-lsn", "77")],
                    body: #"{"upsertedCount":3}"#))
            let transport = try rest(configuration(port: server.port))
            #expect(await transport.send(request(.upsert, .json, text: "{},")) == .acknowledged(lsn: 77, count: 3))
            await transport.close()
            try await server.stop()
        }

        @Test("an index describes itself")
        func describe() async throws {
            let body =
                #"{"namespaces":{"":{"vectorCount":3}},"dimension":1536,"indexFullness":0.0,"totalVectorCount":70000}"#
            let server = try await HTTPServer(.answer(200, body: body))
            let transport = try rest(configuration(port: server.port, path: "/p"))
            #expect(try await transport.describe() == IndexDescription(dimension: 1_536, records: 70_000))
            #expect(server.requests.first?.head.first == "POST /p/describe_index_stats HTTP/1.1")
            #expect(server.requests.first?.body == "{}")
            await transport.close()
            try await server.stop()
        }

        @Test("where there is no index, describing it fails with the reason")
        func describeFailure() async throws {
            let server = try await HTTPServer(
                .answer(404, headers: [("content-type", "text/html")], body: "<h1>Not Found</h1>"))
            let transport = try rest(configuration(port: server.port))
            await #expect {
                try await transport.describe()
            } throws: {
                ($0 as? TransportFailure)?.outcome.kind == "hold(index_not_found)"
            }
            await transport.close()
            try await server.stop()
        }

        @Test("2 MB go out byte for byte, many at a time")
        func largeBodies() async throws {
            let server = try await HTTPServer(.answer(200, body: #"{"upsertedCount":1}"#))
            let transport = try rest(configuration(port: server.port))
            let record = #"{"id":"a","values":["# + String(repeating: "0.25,", count: 399_000) + "1]},"
            let acknowledged = await withTaskGroup(of: Bool.self) { group in
                for index in 0..<6 {
                    group.addTask {
                        let sent = request(.upsert, .json, namespace: "n\(index)", text: record)
                        return await transport.send(sent).kind == "acknowledged"
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(acknowledged == 6)
            let expected = (0..<6).map { #"{"vectors":["# + record.dropLast() + #"],"namespace":"n\#($0)"}"# }
            #expect(Set(server.requests.map(\.body)) == Set(expected))
            await transport.close()
            try await server.stop()
        }
    }
}
