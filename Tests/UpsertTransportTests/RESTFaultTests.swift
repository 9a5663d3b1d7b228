import NIOCore
import Testing
import UpsertCore

@testable import UpsertTransport

extension SocketTests {
    /// What goes wrong between us and the server, on real sockets.
    struct RESTFaultTests {
        private static let sample = request(.upsert, .json, text: #"{"id":"a"},"#)

        @Test("a closed port is not sent, and named")
        func closedPort() async throws {
            let port = try await TCPServer.closedPort()
            let transport = try rest(configuration(port: port))
            #expect(
                await transport.send(Self.sample)
                    == .retry(after: nil, throttled: false, reason: "connection refused by 127.0.0.1:\(port)"))
            await transport.close()
        }

        @Test(
            "a connection lost after the request began is ambiguous",
            arguments: [HTTPServer.Reply.closeConnection, .resetConnection])
        func lost(_ reply: HTTPServer.Reply) async throws {
            let server = try await HTTPServer(reply)
            let transport = try rest(configuration(port: server.port))
            let outcome = await transport.send(Self.sample)
            #expect(outcome.kind == "ambiguous", "\(outcome)")
            #expect(server.requests.count == 1, "sent again by the library")
            await transport.close()
            try await server.stop()
        }

        @Test("a reused connection that the server closes instead of answering is ambiguous, not repeated")
        func reusedConnection() async throws {
            let server = try await HTTPServer {
                $0.body.contains("second") ? .closeConnection : .answer(200, body: #"{"upsertedCount":1}"#)
            }
            let transport = try rest(configuration(port: server.port))
            #expect(await transport.send(Self.sample).kind == "acknowledged")
            let outcome = await transport.send(request(.upsert, .json, text: #"{"id":"second"},"#))
            #expect(outcome.kind == "ambiguous", "\(outcome)")
            #expect(server.requests.map(\.connection) == [0, 0])
            await transport.close()
            try await server.stop()
        }

        @Test("no answer until the deadline is ambiguous")
        func deadline() async throws {
            let server = try await HTTPServer {
                $0.body.contains("second") ? .nothing : .answer(200, body: #"{"upsertedCount":1}"#)
            }
            var configuration = try configuration(port: server.port)
            configuration.requestTimeout = .seconds(1)
            let transport = try rest(configuration)
            // Connects first, so that the time is spent waiting for the answer.
            _ = await transport.send(Self.sample)
            let outcome = await transport.send(request(.upsert, .json, text: #"{"id":"second"},"#))
            #expect(outcome == .ambiguous(reason: "no answer from 127.0.0.1:\(server.port) within 1.0 seconds"))
            await transport.close()
            try await server.stop()
        }

        @Test("an answer cut short is ambiguous")
        func cutShort() async throws {
            let server = try await HTTPServer(.raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"upserted"))
            let transport = try rest(configuration(port: server.port))
            let outcome = await transport.send(Self.sample)
            #expect(outcome.kind == "ambiguous", "\(outcome)")
            await transport.close()
            try await server.stop()
        }

        @Test("a redirect is not followed but holds the target")
        func redirect() async throws {
            let server = try await HTTPServer { _ in .answer(307, headers: [("location", "/elsewhere")], body: "") }
            let transport = try rest(configuration(port: server.port))
            #expect(await transport.send(Self.sample) == .hold(Hold(.unexpectedAnswer, "HTTP 307 to /elsewhere")))
            #expect(server.requests.count == 1)
            await transport.close()
            try await server.stop()
        }

        @Test("a login page with status 200 acknowledges nothing")
        func loginPage() async throws {
            let server = try await HTTPServer(.answer(200, headers: [("content-type", "text/html")], body: "<html>"))
            let transport = try rest(configuration(port: server.port))
            #expect(await transport.send(Self.sample).kind == "hold(unexpected_answer)")
            await transport.close()
            try await server.stop()
        }

        @Test("an error status is answered once, with the server's hint")
        func throttled() async throws {
            let server = try await HTTPServer(
                .answer(
                    429, headers: [("content-type", "application/json"), ("retry-after", "1.5")],
                    body: #"{"code":8,"message":"slow down","details":[]}"#))
            let transport = try rest(configuration(port: server.port))
            #expect(
                await transport.send(Self.sample)
                    == .retry(after: .milliseconds(1_500), throttled: true, reason: "HTTP 429: slow down"))
            #expect(server.requests.count == 1)
            await transport.close()
            try await server.stop()
        }

        @Test("a cancelled request is ambiguous once it was sent")
        func cancellation() async throws {
            let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
            let server = try await HTTPServer { _ in
                arrival.yield()
                return .nothing
            }
            let transport = try rest(configuration(port: server.port))
            let task = Task { await transport.send(Self.sample) }
            for await _ in arrivals { break }
            task.cancel()
            #expect(await task.value.kind == "ambiguous")
            await transport.close()
            try await server.stop()
        }

        @Test("closing leaves what is in flight ambiguous and takes nothing more")
        func close() async throws {
            let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
            let server = try await HTTPServer { _ in
                arrival.yield()
                return .nothing
            }
            let transport = try rest(configuration(port: server.port))
            let task = Task { await transport.send(Self.sample) }
            for await _ in arrivals { break }
            await transport.close()
            #expect(await task.value.kind == "ambiguous")
            #expect(
                await transport.send(Self.sample)
                    == .retry(after: nil, throttled: false, reason: "transport to 127.0.0.1:\(server.port) is closed"))
            await transport.close()
            try await server.stop()
        }
    }
}

extension SocketTests {
    struct RESTTLSTests {
        @Test(
            "HTTP/1.1 over TLS even where HTTP/2 is offered, trusted through ca_file, by name and by address",
            arguments: ["localhost", "127.0.0.1"])
        func http1(_ host: String) async throws {
            let tls = try TestCertificates.serverContext("server", protocols: ["h2", "http/1.1"])
            let server = try await HTTPServer(tls: tls) { _ in .answer(200, body: #"{"upsertedCount":1}"#) }
            var configuration = try configuration("https", host: host, port: server.port)
            configuration.caFile = TestCertificates.authorityFile
            let transport = try rest(configuration)
            let outcome = await transport.send(request(.upsert, .json, text: "{},"))
            #expect(outcome.kind == "acknowledged", "\(outcome)")
            await transport.close()
            try await server.stop()
        }

        @Test(
            "a certificate that does not hold is not sent to, and the reason says so",
            arguments: [
                ("server", false, "is not trusted"), ("expired", true, "has expired"),
                ("other", true, "is not for localhost"),
            ])
        func untrusted(_ certificate: String, _ withAuthority: Bool, _ words: String) async throws {
            let tls = try TestCertificates.serverContext(certificate, protocols: ["http/1.1"])
            let server = try await HTTPServer(tls: tls) { _ in .answer(200, body: #"{"upsertedCount":1}"#) }
            var configuration = try configuration("https", host: "localhost", port: server.port)
            configuration.caFile = withAuthority ? TestCertificates.authorityFile : nil
            let transport = try rest(configuration)
            let outcome = await transport.send(request(.upsert, .json, text: "{},"))
            #expect(outcome.kind == "retry", "\(outcome)")
            #expect(outcome.reason.contains("certificate of localhost:\(server.port)"), "\(outcome)")
            #expect(outcome.reason.contains(words), "\(outcome)")
            #expect(server.requests.isEmpty)
            await transport.close()
            try await server.stop()
        }
    }
}
