import NIOCore
import NIOHTTP2
import Testing
import UpsertCore

@testable import UpsertTransport

extension SocketTests {
    /// How requests are spread over connections, and what becomes of them when connections come and go.
    struct GRPCConnectionTests {
        @Test("a request above GOAWAY's last stream goes out whole on a new connection", arguments: [1, 3])
        func goAwayBefore(_ goAways: Int) async throws {
            // The connection goes as soon as the first piece of the body has arrived.
            let server = try await GRPCServer(
                GRPCServer.Script(
                    onHeaders: { $0.connection < goAways ? .goAway(lastStream: 0, then: .nothing) : nil },
                    onRequest: { $0.connection < goAways ? .nothing : .answer(trailers: .ok) }))
            let transport = try grpc(configuration(port: server.port))
            let body = [UInt8](repeating: 7, count: 1_000_000)
            #expect(await transport.send(request(namespace: "", [body])).kind == "acknowledged")
            let arrived = try #require(server.record.requests.last { $0.connection == goAways })
            #expect(arrived.body.readableBytesView.suffix(body.count).elementsEqual(body))
            #expect(server.server.connections == goAways + 1)
            await transport.close()
            try await server.stop()
        }

        @Test("a server whose connections all end, or that closes one in anger, is left alone for a while")
        func goAwayForGood() async throws {
            for (code, connections) in [(HTTP2ErrorCode.noError, 4), (.enhanceYourCalm, 1)] {
                let server = try await GRPCServer(.goAway(lastStream: 0, code, then: .nothing))
                let transport = try grpc(configuration(port: server.port))
                let outcome = await transport.send(request())
                #expect(
                    outcome.kind == "retry" && outcome.reason.contains("127.0.0.1:\(server.port) close"), "\(outcome)")
                #expect(code == .noError || outcome.reason.contains("maintenance"), "\(outcome)")
                #expect(server.record.requests.map(\.connection) == Array(0..<connections))
                await transport.close()
                try await server.stop()
            }
        }

        @Test("requests that wait behind a socket that takes no more bytes go elsewhere when GOAWAY comes")
        func goAwayBehindAFullSocket() async throws {
            // Windows without end, and a server that stops reading with the first request.
            let server = try await GRPCServer(
                GRPCServer.Script(
                    window: 1 << 30,
                    onHeaders: {
                        $0.connection == 0 && $0.stream == 1
                            ? .both(.freeze, .held(.goAway(lastStream: 1, then: .nothing))) : nil
                    },
                    onRequest: { $0.connection == 0 ? .nothing : .answer(trailers: .ok) }))
            var configuration = try configuration(port: server.port)
            configuration.connections = 1
            let transport = try grpc(configuration)
            let large = request(namespace: "", [[UInt8](repeating: 7, count: 16 << 20)])
            let covered = Task { await transport.send(large) }
            await server.wait { $0.held.count == 1 }
            let others = Task {
                await withTaskGroup(of: String.self) { group in
                    for _ in 0..<5 { group.addTask { await transport.send(large).kind } }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
            // Gives them time to reach the connection; the test holds without, it only shows less.
            for _ in 0..<10_000 { await Task.yield() }
            server.release()
            #expect(await others.value == Array(repeating: "acknowledged", count: 5))
            await transport.close()
            #expect(await covered.value.kind == "ambiguous")
            try await server.stop()
        }

        @Test("a request that GOAWAY covers finishes, while new ones use a new connection")
        func goAwayAfter() async throws {
            let server = try await GRPCServer(
                GRPCServer.Script {
                    $0.connection == 0
                        ? .goAway(lastStream: 1, then: .held(.answer(trailers: .ok))) : .answer(trailers: .ok)
                })
            let transport = try grpc(configuration(port: server.port))
            let first = Task { await transport.send(request()) }
            await server.wait { $0.held.count == 1 }
            #expect(await transport.send(request()).kind == "acknowledged")
            server.release()
            #expect(await first.value.kind == "acknowledged")
            #expect(server.record.requests.map(\.connection) == [0, 1])
            await transport.close()
            try await server.stop()
        }

        @Test("a request that GOAWAY covers and the connection then loses is ambiguous")
        func goAwayThenLost() async throws {
            let server = try await GRPCServer(.goAway(lastStream: 1, then: .closeConnection))
            let transport = try grpc(configuration(port: server.port))
            let outcome = await transport.send(request())
            #expect(outcome.kind == "ambiguous", "\(outcome)")
            await transport.close()
            try await server.stop()
        }

        @Test("calls that wait when GOAWAY comes go to the next connection")
        func waitingCallsMove() async throws {
            let server = try await GRPCServer(
                GRPCServer.Script(
                    settings: [HTTP2Setting(parameter: .maxConcurrentStreams, value: 1)],
                    onRequest: {
                        $0.connection == 0
                            ? .goAway(lastStream: 1, then: .answer(trailers: .ok)) : .answer(trailers: .ok)
                    }))
            var configuration = try configuration(port: server.port)
            configuration.connections = 1
            let transport = try grpc(configuration)
            let kinds = await withTaskGroup(of: String.self) { group in
                for _ in 0..<5 { group.addTask { await transport.send(request()).kind } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(kinds == Array(repeating: "acknowledged", count: 5))
            #expect(server.record.requests.count == 5)
            #expect(server.server.connections == 2)
            await transport.close()
            try await server.stop()
        }

        @Test("MAX_CONCURRENT_STREAMS is respected, and everything gets through", arguments: [1, 3])
        func maxStreams(_ limit: Int) async throws {
            let server = try await GRPCServer(
                GRPCServer.Script(
                    settings: [HTTP2Setting(parameter: .maxConcurrentStreams, value: limit)],
                    onRequest: { _ in .answer(trailers: .ok) }))
            let transport = try grpc(configuration(port: server.port))
            let acknowledged = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<40 { group.addTask { await transport.send(request()).kind == "acknowledged" } }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(acknowledged == 40)
            #expect(server.record.openMax <= limit)
            #expect(server.server.connections <= 2)
            await transport.close()
            try await server.stop()
        }

        @Test("parallel requests are spread over the configured connections, sequential ones stay on one")
        func spread() async throws {
            let server = try await GRPCServer(.held(.answer(trailers: .ok)))
            var configuration = try configuration(port: server.port)
            configuration.connections = 3
            let transport = try grpc(configuration)
            let sent = Task {
                await withTaskGroup(of: String.self) { group in
                    for _ in 0..<9 { group.addTask { await transport.send(request()).kind } }
                    return await group.reduce(into: []) { $0.append($1) }
                }
            }
            await server.wait { $0.held.count == 9 }
            #expect(server.record.open == [0: 3, 1: 3, 2: 3])
            server.release()
            #expect(await sent.value == Array(repeating: "acknowledged", count: 9))
            await transport.close()
            try await server.stop()
        }

        @Test("sequential requests need one connection")
        func sequential() async throws {
            let server = try await GRPCServer(.answer(trailers: .ok))
            let transport = try grpc(configuration(port: server.port))
            for _ in 0..<20 { #expect(await transport.send(request()).kind == "acknowledged") }
            #expect(server.server.connections == 1)
            await transport.close()
            try await server.stop()
        }

        @Test("an idle connection is closed and opened again on demand")
        func idle() async throws {
            let server = try await GRPCServer(.answer(trailers: .ok))
            var configuration = try configuration(port: server.port)
            configuration.idleTimeout = .milliseconds(50)
            let transport = try grpc(configuration)
            #expect(await transport.send(request()).kind == "acknowledged")
            try await server.server.waitForClose(of: 0)
            #expect(await transport.send(request()).kind == "acknowledged")
            #expect(server.server.connections == 2)
            await transport.close()
            try await server.stop()
        }

        @Test("a connection that let a request time out in silence gets no more requests")
        func silentConnection() async throws {
            let server = try await GRPCServer(
                GRPCServer.Script { $0.connection == 0 ? .freeze : .answer(trailers: .ok) })
            var configuration = try configuration(port: server.port)
            configuration.requestTimeout = .seconds(1)
            let transport = try grpc(configuration)
            #expect(await transport.send(request()).kind == "ambiguous")
            #expect(await transport.send(request()).kind == "acknowledged")
            #expect(server.record.requests.map(\.connection) == [0, 1])
            await transport.close()
            try await server.stop()
        }

        @Test("after a lost connection the next request connects again")
        func reconnect() async throws {
            let server = try await GRPCServer(
                GRPCServer.Script { $0.connection == 0 ? .resetConnection : .answer(trailers: .ok) })
            let transport = try grpc(configuration(port: server.port))
            #expect(await transport.send(request()).kind == "ambiguous")
            #expect(await transport.send(request()).kind == "acknowledged")
            await transport.close()
            try await server.stop()
        }

        @Test(
            "2 MB requests in parallel over two connections arrive byte for byte, with small and large windows",
            arguments: [65_535, 16 << 20])
        func largeBodies(_ window: Int) async throws {
            let script = GRPCServer.Script(
                settings: [HTTP2Setting(parameter: .initialWindowSize, value: window)], window: window,
                onRequest: { _ in .answer(trailers: .ok) })
            let server = try await GRPCServer(script)
            let transport = try grpc(configuration(port: server.port))
            let seed = UInt64.random(in: 1...UInt64.max)
            print("seed \(seed)")
            let bodies = (0..<8).map { index in Self.bytes(2_000_000 - index, seed: seed &+ UInt64(index)) }
            let acknowledged = await withTaskGroup(of: Bool.self) { group in
                for body in bodies {
                    group.addTask {
                        // Two segments of odd length, as a gathered chunk has them.
                        let segments = [Array(body.prefix(777_777)), Array(body.dropFirst(777_777))]
                        return await transport.send(request(namespace: "n", segments)).kind == "acknowledged"
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(acknowledged == bodies.count)
            let requests = server.record.requests
            #expect(Set(requests.map(\.connection)) == [0, 1])
            let expected = Set(
                bodies.map { body in
                    var framed = ByteBuffer(bytes: [0])
                    framed.writeInteger(UInt32(body.count + 3))
                    framed.writeBytes(body)
                    framed.writeBytes([0x12, 1, 0x6e])
                    return framed
                })
            #expect(Set(requests.map(\.body)) == expected)
            await transport.close()
            try await server.stop()
        }

        /// Reproducible bytes: a linear congruential generator's upper halves.
        private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
            var state = seed
            let words = (0..<(count + 3) / 4).map { _ -> UInt32 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt32(truncatingIfNeeded: state >> 32)
            }
            return words.withUnsafeBytes { Array($0.prefix(count)) }
        }
    }
}
