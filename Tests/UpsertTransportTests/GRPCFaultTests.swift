import NIOCore
import NIOHTTP2
import Testing
import UpsertCore

@testable import UpsertTransport

extension SocketTests {
    /// What goes wrong between us and the server, on real sockets.
    struct GRPCFaultTests {
        @Test("a closed port is not sent, and named")
        func closedPort() async throws {
            let port = try await TCPServer.closedPort()
            let transport = try grpc(configuration(port: port))
            #expect(
                await transport.send(request())
                    == .retry(after: nil, throttled: false, reason: "connection refused by 127.0.0.1:\(port)"))
            await transport.close()
        }

        @Test("an unknown host is not sent")
        func unknownHost() async throws {
            let transport = try grpc(
                TransportConfiguration(endpoint: TargetEndpoint("https://no-such-host.invalid"), userAgent: "x"))
            let outcome = await transport.send(request())
            #expect(outcome.kind == "retry")
            #expect(outcome.reason.hasPrefix("cannot resolve no-such-host.invalid"), "\(outcome)")
            await transport.close()
        }

        @Test("a server that closes before it has spoken got nothing")
        func acceptThenClose() async throws {
            let server = try await TCPServer { channel, _ in
                channel.closeFuture.eventLoop.execute { channel.close(promise: nil) }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            let transport = try grpc(configuration(port: server.port))
            let outcome = await transport.send(request())
            #expect(outcome.kind == "retry", "\(outcome)")
            await transport.close()
            try await server.stop()
        }

        @Test("a server that never speaks got nothing")
        func neverSpeaks() async throws {
            let server = try await TCPServer { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
            var configuration = try configuration(port: server.port)
            configuration.connectTimeout = .seconds(1)
            let transport = try grpc(configuration)
            let outcome = await transport.send(request())
            #expect(outcome.kind == "retry")
            #expect(outcome.reason.hasPrefix("no HTTP/2 settings from 127.0.0.1:\(server.port)"), "\(outcome)")
            await transport.close()
            try await server.stop()
        }

        @Test("something else than HTTP/2 got nothing")
        func notHTTP2() async throws {
            let server = try await HTTPServer(.answer(400, body: "what?"))
            let transport = try grpc(configuration(port: server.port))
            let outcome = await transport.send(request())
            #expect(outcome.kind == "retry")
            #expect(outcome.reason == "127.0.0.1:\(server.port) does not speak HTTP/2")
            await transport.close()
            try await server.stop()
        }

        @Test(
            "a connection lost after the request began is ambiguous",
            arguments: [GRPCServer.Reply.closeConnection, .resetConnection])
        func lost(_ reply: GRPCServer.Reply) async throws {
            let server = try await GRPCServer(
                GRPCServer.Script(onHeaders: { _ in reply }, onRequest: { _ in .nothing }))
            let transport = try grpc(configuration(port: server.port))
            let outcome = await transport.send(request(.upsert, .protobuf, [[UInt8](repeating: 0, count: 500_000)]))
            #expect(outcome.kind == "ambiguous", "\(outcome)")
            await transport.close()
            try await server.stop()
        }

        @Test("no answer until the deadline is ambiguous, and the server is told")
        func deadline() async throws {
            let server = try await GRPCServer(
                GRPCServer.Script { $0.stream == 1 ? .answer(trailers: .ok) : .nothing })
            var configuration = try configuration(port: server.port)
            configuration.requestTimeout = .seconds(1)
            let transport = try grpc(configuration)
            // Connects first, so that the time is spent waiting for the answer.
            _ = await transport.send(request())
            let outcome = await transport.send(request())
            #expect(outcome == .ambiguous(reason: "no answer from 127.0.0.1:\(server.port) within 1.0 seconds"))
            await server.wait { $0.resets == [.cancel] }
            await transport.close()
            try await server.stop()
        }

        @Test("a deadline that passes while a call waits for a stream means not sent")
        func deadlineWhileWaiting() async throws {
            let server = try await GRPCServer(
                GRPCServer.Script(
                    settings: [HTTP2Setting(parameter: .maxConcurrentStreams, value: 0)], onRequest: { _ in .nothing }))
            var configuration = try configuration(port: server.port)
            configuration.requestTimeout = .milliseconds(200)
            let transport = try grpc(configuration)
            #expect(await transport.send(request()).kind == "retry")
            await transport.close()
            try await server.stop()
        }

        @Test("a cancelled request is ambiguous once it was sent")
        func cancellation() async throws {
            let server = try await GRPCServer(.nothing)
            let transport = try grpc(configuration(port: server.port))
            let task = Task { await transport.send(request()) }
            await server.wait { $0.requests.count == 1 }
            task.cancel()
            #expect(await task.value.kind == "ambiguous")
            await server.wait { $0.resets == [.cancel] }
            await transport.close()
            try await server.stop()
        }

        @Test("a request of an already cancelled task is not sent")
        func cancelledBefore() async throws {
            let server = try await GRPCServer(.answer(trailers: .ok))
            let transport = try grpc(configuration(port: server.port))
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await transport.send(request())
            }
            #expect(await task.value.kind == "retry")
            #expect(server.record.requests.isEmpty)
            await transport.close()
            try await server.stop()
        }

        @Test("a stream refused once goes out again at once; refused again, later")
        func refusedStreams() async throws {
            for (refusals, kind) in [(1, "acknowledged"), (2, "retry")] {
                let server = try await GRPCServer(
                    GRPCServer.Script { $0.stream < 2 * refusals ? .reset(.refusedStream) : .answer(trailers: .ok) })
                var configuration = try configuration(port: server.port)
                configuration.connections = 1
                let transport = try grpc(configuration)
                let outcome = await transport.send(request())
                #expect(outcome.kind == kind, "\(outcome)")
                #expect(server.record.requests.count == 2)
                await transport.close()
                try await server.stop()
            }
        }

        @Test("REFUSED_STREAM is not sent, any other reset is ambiguous")
        func resets() async throws {
            for (code, kind) in [
                (HTTP2ErrorCode.refusedStream, "retry"), (.cancel, "ambiguous"), (.internalError, "ambiguous"),
                (.enhanceYourCalm, "ambiguous"), (.noError, "ambiguous"),
            ] {
                let server = try await GRPCServer(.reset(code))
                let transport = try grpc(configuration(port: server.port))
                let outcome = await transport.send(request())
                #expect(outcome.kind == kind, "\(code): \(outcome)")
                await transport.close()
                try await server.stop()
            }
        }

        @Test("UNAVAILABLE in trailers is a retry, with the server's hint")
        func unavailable() async throws {
            let trailers = [("grpc-status", "14"), ("grpc-message", "try%20later"), ("grpc-retry-pushback-ms", "1500")]
            for reply in [GRPCServer.Reply.trailersOnly(trailers), .answer(trailers: trailers)] {
                let server = try await GRPCServer(reply)
                let transport = try grpc(configuration(port: server.port))
                #expect(
                    await transport.send(request())
                        == .retry(after: .milliseconds(1_500), throttled: false, reason: "UNAVAILABLE: try later"))
                await transport.close()
                try await server.stop()
            }
        }

        @Test("a wrong key holds the target")
        func wrongKey() async throws {
            let server = try await GRPCServer(
                GRPCServer.Script { request in
                    request["api-key"] == "right"
                        ? .answer(trailers: .ok)
                        : .trailersOnly([("grpc-status", "16"), ("grpc-message", "Unauthorized")])
                })
            let transport = try grpc(configuration(port: server.port))
            let outcome = await transport.send(request())
            #expect(outcome == .hold(Hold(.unauthorized, "UNAUTHENTICATED: Unauthorized")))
            #expect(!outcome.reason.contains("pclocal"))
            await transport.close()
            try await server.stop()
        }

        @Test("an answer before the whole request was sent counts")
        func earlyAnswer() async throws {
            let refusal = GRPCServer.Reply.trailersOnly([("grpc-status", "11"), ("grpc-message", "too big")])
            let server = try await GRPCServer(
                GRPCServer.Script(onHeaders: { _ in .both(refusal, .reset(.noError)) }, onRequest: { _ in .nothing }))
            let transport = try grpc(configuration(port: server.port))
            let outcome = await transport.send(request(.upsert, .protobuf, [[UInt8](repeating: 0, count: 3_000_000)]))
            #expect(outcome == .tooLarge(reason: "too big"))
            await transport.close()
            try await server.stop()
        }

        @Test("a proxy's HTML page holds the target")
        func htmlPage() async throws {
            let server = try await GRPCServer(
                .page([(":status", "400"), ("content-type", "text/html")], body: "<html>Bad Request</html>"))
            let transport = try grpc(configuration(port: server.port))
            #expect(
                await transport.send(request())
                    == .hold(Hold(.unexpectedAnswer, "HTTP 400 text/html: <html>Bad Request</html>")))
            await transport.close()
            try await server.stop()
        }

        @Test("a stream that ends without a status is ambiguous")
        func noStatus() async throws {
            let server = try await GRPCServer(.answer(message: [8, 1], trailers: [("x", "y")]))
            let transport = try grpc(configuration(port: server.port))
            #expect(await transport.send(request()).kind == "ambiguous")
            await transport.close()
            try await server.stop()
        }

        @Test("a silent connection is questioned and given up, its requests are ambiguous")
        func keepalive() async throws {
            let server = try await GRPCServer(.freeze)
            var configuration = try configuration(port: server.port)
            configuration.keepaliveInterval = .milliseconds(100)
            configuration.keepaliveTimeout = .milliseconds(100)
            let transport = try grpc(configuration)
            let outcome = await transport.send(request())
            #expect(
                outcome == .ambiguous(reason: "no sign of life from 127.0.0.1:\(server.port) on an open connection"))
            await transport.close()
            try await server.stop()
        }

        @Test("a server that answers the question is waited for")
        func slowButAlive() async throws {
            let server = try await GRPCServer(.held(.answer(trailers: .ok)))
            var configuration = try configuration(port: server.port)
            configuration.keepaliveInterval = .milliseconds(20)
            configuration.keepaliveTimeout = .seconds(20)
            let transport = try grpc(configuration)
            let task = Task { await transport.send(request()) }
            await server.wait { $0.pings >= 2 }
            server.release()
            #expect(await task.value.kind == "acknowledged")
            await transport.close()
            try await server.stop()
        }

        @Test("closing leaves what is in flight ambiguous and takes nothing more")
        func close() async throws {
            let server = try await GRPCServer(.nothing)
            let transport = try grpc(configuration(port: server.port))
            let task = Task { await transport.send(request()) }
            await server.wait { $0.requests.count == 1 }
            await transport.close()
            #expect(await task.value.kind == "ambiguous")
            #expect(await transport.send(request()).kind == "retry")
            await transport.close()
            try await server.stop()
        }
    }
}
