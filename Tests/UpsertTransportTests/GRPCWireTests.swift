import NIOCore
import NIOHTTP2
import Synchronization
import Testing
import UpsertCore

@testable import UpsertTransport

extension SocketTests {
    /// What upsertd puts on a gRPC wire.
    struct GRPCWireTests {
        @Test("the request headers are the SDK's, in its order")
        func headers() async throws {
            let server = try await GRPCServer(.answer(trailers: .ok))
            let transport = try grpc(configuration(port: server.port))
            #expect(await transport.send(request()).kind == "acknowledged")
            #expect(await transport.send(request(.delete)).kind == "acknowledged")
            #expect(await transport.send(request(.update)).kind == "acknowledged")
            let requests = server.record.requests
            #expect(
                requests[0].headers.map { $0.0 } == [
                    ":method", ":scheme", ":authority", ":path", "te", "content-type", "api-key", "x-request-id",
                    "x-pinecone-api-version", "user-agent", "grpc-timeout",
                ])
            for (name, value) in [
                (":method", "POST"), (":scheme", "http"), (":authority", "127.0.0.1:\(server.port)"),
                ("te", "trailers"),
                ("content-type", "application/grpc"), ("api-key", "pclocal"), ("x-pinecone-api-version", "2026-07"),
                ("user-agent", "upsertd/test"),
            ] {
                #expect(requests[0][name] == value)
            }
            #expect(
                requests.map { $0[":path"] } == [
                    "/VectorService/Upsert", "/VectorService/Delete", "/VectorService/Update",
                ])
            #expect(Set(requests.map { $0["x-request-id"] }).count == 3)
            let timeout = try #require(requests[0]["grpc-timeout"])
            #expect(timeout.hasSuffix("u") && (1...20_000_000).contains(Int(timeout.dropLast()) ?? 0), "\(timeout)")
            await transport.close()
            try await server.stop()
        }

        @Test(
            "a body is prefix, segments as stored, namespace field",
            arguments: [
                (OperationKind.upsert, "", [UInt8]()), (.upsert, "ns1", [0x12, 3, 0x6e, 0x73, 0x31]),
                (.delete, "ns1", [0x1a, 3, 0x6e, 0x73, 0x31]), (.update, "ns1", [0x22, 3, 0x6e, 0x73, 0x31]),
            ])
        func body(_ operation: OperationKind, _ namespace: String, _ field: [UInt8]) {
            let segments: [[UInt8]] = [[0x0a, 1, 0x61], [], [0x0a, 1, 0x62, 0x0a, 0]]
            let framed = GRPCMessage.framed(
                request(operation, namespace: namespace, segments))
            let message = segments.flatMap { $0 } + field
            #expect(
                Array(framed.whole(allocator: ByteBufferAllocator()).readableBytesView) == [
                    0, 0, 0, 0, UInt8(message.count),
                ] + message)
        }

        @Test("a namespace of 512 bytes has a two-byte length")
        func longNamespace() {
            let namespace = String(repeating: "n", count: 512)
            let framed = GRPCMessage.framed(
                request(namespace: namespace, [[0x0a, 0]]))
            let message = [0x0a, 0, 0x12, 0x80, 0x04] + [UInt8](repeating: 0x6e, count: 512)
            #expect(
                Array(framed.whole(allocator: ByteBufferAllocator()).readableBytesView) == [0, 0, 0, 2, 5] + message)
        }

        @Test("bytes of the golden SDK requests come out unchanged")
        func golden() {
            // Delete of ids a and b in ns1, as SDK 10.2.0 sends it.
            let framed = GRPCMessage.framed(
                request(.delete, namespace: "ns1", [[0x0a, 1, 0x61], [0x0a, 1, 0x62]]))
            #expect(
                Array(framed.whole(allocator: ByteBufferAllocator()).readableBytesView.dropFirst(5)) == [
                    0x0a, 1, 0x61, 0x0a, 1, 0x62, 0x1a, 3, 0x6e, 0x73, 0x31,
                ])
        }

        @Test("LSN and count come back from initial metadata and message")
        func acknowledgement() async throws {
            let server = try await GRPCServer(
                .answer(message: [0x08, 2], headers: [("x-pinecone-request-lsn", "99")], trailers: .ok))
            let transport = try grpc(configuration(port: server.port))
            #expect(await transport.send(request()) == .acknowledged(lsn: 99, count: 2))
            await transport.close()
            try await server.stop()
        }

        @Test("the older LSN header is understood")
        func olderLSN() async throws {
            let server = try await GRPCServer(.answer(headers: [("x-pinecone-lsn-committed", "5")], trailers: .ok))
            let transport = try grpc(configuration(port: server.port))
            #expect(await transport.send(request()) == .acknowledged(lsn: 5, count: nil))
            await transport.close()
            try await server.stop()
        }

        @Test("an exchanged key is used from the next request on")
        func keyRotation() async throws {
            let server = try await GRPCServer(.answer(trailers: .ok))
            let keys = try KeyRing()
            let transport = try GRPCTransport(configuration: configuration(port: server.port)) { keys.next() }
            for _ in 0..<2 { #expect(await transport.send(request()).kind == "acknowledged") }
            #expect(server.record.requests.map { $0["api-key"] } == ["key1", "key2"])
            #expect(server.server.connections == 1)
            await transport.close()
            try await server.stop()
        }

        @Test("an index describes itself")
        func describe() async throws {
            // namespaces {"": 3}, dimension 1536, fullness, total 70000.
            let message: [UInt8] = [
                0x0a, 4, 0x12, 2, 0x08, 3, 0x10, 0x80, 0x0c, 0x1d, 0, 0, 0, 0, 0x20, 0xf0, 0xa2, 0x04,
            ]
            let server = try await GRPCServer(.answer(message: message, trailers: .ok))
            let transport = try grpc(configuration(port: server.port))
            #expect(try await transport.describe() == IndexDescription(dimension: 1_536, records: 70_000))
            #expect(server.record.requests.map { $0[":path"] } == ["/VectorService/DescribeIndexStats"])
            #expect(server.record.requests.map(\.body) == [ByteBuffer(bytes: [0, 0, 0, 0, 0])])
            await transport.close()
            try await server.stop()
        }

        @Test("a sparse index has no dimension, a wrong key is a failure")
        func describeFailures() async throws {
            let server = try await GRPCServer(.answer(message: [], trailers: .ok))
            let transport = try grpc(configuration(port: server.port))
            #expect(try await transport.describe() == IndexDescription(dimension: nil, records: 0))
            await transport.close()
            try await server.stop()

            let strict = try await GRPCServer(.trailersOnly([("grpc-status", "16"), ("grpc-message", "no")]))
            let refused = try grpc(configuration(port: strict.port))
            await #expect {
                try await refused.describe()
            } throws: {
                ($0 as? TransportFailure)?.outcome.kind == "hold(unauthorized)"
            }
            await refused.close()
            try await strict.stop()
        }
    }
}

/// Hands out key1, then key2, and again.
final class KeyRing: Sendable {
    private let keys: [APIKey]
    private let count = Mutex(0)

    init() throws { keys = [try APIKey("key1"), try APIKey("key2")] }

    func next() -> APIKey {
        count.withLock { count in
            count += 1
            return keys[(count - 1) % keys.count]
        }
    }
}
