import Testing
import UpsertCore

@testable import UpsertTransport

extension SocketTests {
    struct GRPCTLSTests {
        private func server(_ certificate: String, protocols: [String] = ["h2"]) async throws -> GRPCServer {
            try await GRPCServer(
                GRPCServer.Script(
                    tls: try TestCertificates.serverContext(certificate, protocols: protocols),
                    onRequest: { _ in .answer(trailers: .ok) }))
        }

        @Test("an authority from ca_file is trusted, by name and by address", arguments: ["localhost", "127.0.0.1"])
        func trusted(_ host: String) async throws {
            let server = try await server("server")
            var configuration = try configuration("https", host: host, port: server.port)
            configuration.caFile = TestCertificates.authorityFile
            let transport = try grpc(configuration)
            let outcome = await transport.send(request())
            #expect(outcome.kind == "acknowledged", "\(outcome)")
            #expect(server.record.requests.first?[":scheme"] == "https")
            #expect(server.record.requests.first?[":authority"] == "\(host):\(server.port)")
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
            let server = try await server(certificate)
            var configuration = try configuration("https", host: "localhost", port: server.port)
            configuration.caFile = withAuthority ? TestCertificates.authorityFile : nil
            let transport = try grpc(configuration)
            let outcome = await transport.send(request())
            #expect(outcome.kind == "retry", "\(outcome)")
            #expect(outcome.reason.contains("certificate of localhost:\(server.port)"), "\(outcome)")
            #expect(outcome.reason.contains(words), "\(outcome)")
            #expect(server.record.requests.isEmpty)
            await transport.close()
            try await server.stop()
        }

        @Test("a TLS server that speaks only HTTP/1.1 got nothing")
        func http1Only() async throws {
            let tls = try TestCertificates.serverContext("server", protocols: ["http/1.1"])
            let server = try await HTTPServer(tls: tls) { _ in .answer(400, body: "what?") }
            var configuration = try configuration("https", host: "localhost", port: server.port)
            configuration.caFile = TestCertificates.authorityFile
            let transport = try grpc(configuration)
            let outcome = await transport.send(request())
            #expect(outcome.kind == "retry")
            #expect(outcome.reason == "localhost:\(server.port) does not speak HTTP/2")
            await transport.close()
            try await server.stop()
        }

        @Test("plaintext at a TLS port got nothing")
        func plaintextServer() async throws {
            let server = try await GRPCServer(.answer(trailers: .ok))
            let transport = try grpc(configuration("https", host: "localhost", port: server.port))
            let outcome = await transport.send(request())
            #expect(outcome.kind == "retry")
            #expect(outcome.reason.hasPrefix("TLS handshake with localhost:\(server.port) failed"), "\(outcome)")
            await transport.close()
            try await server.stop()
        }

        @Test("an unusable ca_file is an error at set-up", arguments: ["/nonexistent/ca.pem", "/dev/null"])
        func unusableAuthorityFile(_ file: String) throws {
            var configuration = try configuration("https", port: 1)
            configuration.caFile = file
            #expect {
                try grpc(configuration)
            } throws: {
                "\($0)".hasPrefix("ca_file \(file) ")
            }
        }
    }
}
