import Foundation
import Testing
import UpsertHTTP

@testable import UpsertIndex

/// The listener itself, over real sockets.
@Suite(.timeLimit(.minutes(1))) struct ListenerTests {
    /// Answers with what was asked; `/drop`, `/reset` and `/late` do as they say.
    private func listen(
        _ binding: HTTPBinding = .tcp(host: "127.0.0.1", port: 0), _ configuration: HTTPConfiguration = .init(),
        gate: Gate = Gate(isOpen: true)
    ) async throws -> HTTPListener {
        try await HTTPListener.bind(binding, configuration: configuration) { request in
            switch request.path {
            case "/drop": return .dropConnection
            case "/reset": return .resetStream(code: 7)
            case "/late": await gate.wait()
            default: break
            }
            let peer = request.peer.map { " \($0.uid) \($0.gid) \($0.pid)" } ?? ""
            let text = "\(request.version) \(request.method) \(request.target) \(request.body.count)\(peer)."
            var response = HTTPResponse(status: 200, contentType: "text/plain", text: text)
            response.trailers = request.path == "/trailers" ? ["x-end": "yes"] : [:]
            return response
        }
    }

    @Test func answersHTTP1AndKeepsTheConnection() async throws {
        let listener = try await listen()
        let port = try #require(listener.port)
        #expect(listener.address == "127.0.0.1:\(port)")
        try await blocking {
            let client = try RawClient(port: port)
            for body in ["", "abc"] {
                client.send("POST /x?y=1 HTTP/1.1\r\nhost: a\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)")
                let answer = client.read(until: ".")
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.hasSuffix("http1 POST /x?y=1 \(body.utf8.count)."))
            }
            client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            #expect(client.read { _ in false }.isClosed)
            client.close()
        }
        await listener.close(grace: .seconds(1))
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        let gate = Gate(isOpen: false)
        let listener = try await listen(gate: gate)
        let port = try #require(listener.port)
        let client = try RawClient(port: port)
        client.send("GET /late HTTP/1.1\r\nhost: a\r\n\r\nGET /fast HTTP/1.1\r\nhost: a\r\n\r\n")
        await gate.reached()
        await gate.open()
        let answer = try await blocking { client.read(until: "/fast 0.") }
        let late = try #require(answer.range(of: "/late"))
        let fast = try #require(answer.range(of: "/fast"))
        #expect(late.lowerBound < fast.lowerBound)
        client.close()
        await listener.close(grace: .seconds(1))
    }

    @Test(arguments: [(9, "200"), (10, "200"), (11, "413")])
    func bodiesAreBounded(_ count: Int, _ status: String) async throws {
        let listener = try await listen(.tcp(host: "127.0.0.1", port: 0), HTTPConfiguration(bodyBytesMax: 10))
        let port = try #require(listener.port)
        try await blocking {
            let body = String(repeating: "x", count: count)
            let client = try RawClient(port: port)
            client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: \(count)\r\n\r\n\(body)")
            #expect(client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 \(status)"))
            client.close()
            let chunked = try RawClient(port: port)
            chunked.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
            chunked.send("\(String(count, radix: 16))\r\n\(body)\r\n0\r\n\r\n")
            #expect(chunked.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 \(status)"))
            chunked.close()
        }
        await listener.close(grace: .seconds(1))
    }

    @Test func expectContinueIsHonoured() async throws {
        let listener = try await listen(.tcp(host: "127.0.0.1", port: 0), HTTPConfiguration(bodyBytesMax: 10))
        let port = try #require(listener.port)
        try await blocking {
            let client = try RawClient(port: port)
            client.send("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
            #expect(client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 100 Continue"))
            client.send("abc")
            #expect(client.read(until: ".").contains("http1 POST / 3."))
            client.send("POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 99\r\n\r\n")
            #expect(client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 413"))
            client.close()
        }
        await listener.close(grace: .seconds(1))
    }

    @Test func answersHTTP2WithPriorKnowledgeOnTheSamePort() async throws {
        let listener = try await listen()
        let port = try #require(listener.port)
        try await blocking {
            let client = try RawClient(port: port)
            let bytes =
                HTTP2Bytes.preface
                + HTTP2Bytes.request("/trailers", contentType: "text/plain", body: [1, 2])
            // In two pieces, so that the preface has to be put together.
            client.send(Array(bytes.prefix(10)))
            client.send(Array(bytes.dropFirst(10)))
            let found = client.read { HTTP2Bytes.frames($0).contains { $0.stream == 1 && $0.flags & 1 == 1 } }
            let frames = HTTP2Bytes.frames(found.bytes).filter { $0.stream == 1 && $0.type != 8 }
            #expect(frames.map(\.type) == [1, 0, 1], "headers, data, trailers")
            #expect(String(decoding: frames[1].payload, as: UTF8.self) == "http2 POST /trailers 2.")
            let settings = HTTP2Bytes.frames(found.bytes).first { $0.type == 4 && $0.flags == 0 }
            // Identifier 4 is INITIAL_WINDOW_SIZE: 16 MiB.
            #expect(settings?.payload.contains(subsequence: [0, 4, 1, 0, 0, 0]) == true)
            client.close()
        }
        await listener.close(grace: .seconds(1))
    }

    @Test func requestsCanBeDroppedAndReset() async throws {
        let listener = try await listen()
        let port = try #require(listener.port)
        try await blocking {
            for path in ["/drop", "/reset"] {
                let client = try RawClient(port: port)
                client.send("GET \(path) HTTP/1.1\r\nhost: a\r\n\r\n")
                #expect(client.isClosedSilently())
                client.close()
            }
            let client = try RawClient(port: port)
            client.send(HTTP2Bytes.preface + HTTP2Bytes.request("/reset", contentType: "a", body: []))
            let found = client.read { HTTP2Bytes.frames($0).contains { $0.type == 3 } }
            #expect(HTTP2Bytes.frames(found.bytes).first { $0.type == 3 }?.payload == [0, 0, 0, 7])
            // The connection goes on.
            client.send(HTTP2Bytes.request("/", stream: 3, contentType: "a", body: []))
            let next = client.read { HTTP2Bytes.frames($0).contains { $0.stream == 3 && $0.flags & 1 == 1 } }
            #expect(!next.isClosed)
            client.send(HTTP2Bytes.request("/drop", stream: 5, contentType: "a", body: []))
            #expect(client.read { _ in false }.isClosed)
            client.close()
        }
        await listener.close(grace: .seconds(1))
    }

    @Test func aUnixSocketHasItsModeAndTellsWhoAsks() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/s.sock"
        let listener = try await listen(.unix(path: path, mode: 0o640))
        #expect(listener.address == path)
        #expect(listener.port == nil)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o640)
        let answer = try await blocking {
            let client = try RawClient(path: path)
            defer { client.close() }
            client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            return client.read(until: ".")
        }
        #expect(answer.hasSuffix("http1 GET / 0 \(getuid()) \(getgid()) \(getpid())."))
        await listener.close(grace: .seconds(1))
        #expect(!FileManager.default.fileExists(atPath: path), "its file goes with it")
    }

    @Test func onlyAStaleSocketIsReplaced() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/s.sock"
        try Data("keep".utf8).write(to: URL(filePath: path))
        await #expect(throws: UnixSocketError.self) { try await listen(.unix(path: path, mode: 0o600)) }
        #expect(FileManager.default.contents(atPath: path) == Data("keep".utf8))
        try FileManager.default.removeItem(atPath: path)

        let listener = try await listen(.unix(path: path, mode: 0o600))
        await #expect(throws: UnixSocketError.self) { try await listen(.unix(path: path, mode: 0o600)) }
        let held = directory.path + "/held.sock"
        try FileManager.default.moveItem(atPath: path, toPath: held)
        await listener.close(grace: .zero)
        #expect(FileManager.default.fileExists(atPath: held), "a file that is not its own stays")
        let again = try await listen(.unix(path: held, mode: 0o600))
        await again.close(grace: .zero)
        await #expect(throws: UnixSocketError.self) {
            try await listen(.unix(path: directory.path + "/" + String(repeating: "x", count: 108), mode: 0o600))
        }
    }

    @Test func servesADescriptorThatIsBoundAlready() async throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(bound == 0)
        let listener = try await listen(.descriptor(descriptor))
        let port = try #require(listener.port)
        let answer = try await blocking {
            let client = try RawClient(port: port)
            defer { client.close() }
            client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            return client.read(until: ".")
        }
        #expect(answer.hasSuffix("http1 GET / 0."))
        await listener.close(grace: .seconds(1))
    }

    @Test(arguments: [false, true])
    func closingLetsAnOpenRequestFinish(_ isHTTP2: Bool) async throws {
        let gate = Gate(isOpen: false)
        let listener = try await listen(gate: gate)
        let port = try #require(listener.port)
        let client = try RawClient(port: port)
        let idle = try RawClient(port: port)
        idle.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        _ = try await blocking { idle.read(until: ".") }
        client.send(
            isHTTP2
                ? HTTP2Bytes.preface + HTTP2Bytes.request("/late", contentType: "a", body: [])
                : Array("GET /late HTTP/1.1\r\nhost: a\r\n\r\n".utf8))
        await gate.reached()
        async let closed: Void = listener.close(grace: .seconds(600))
        #expect(try await blocking { idle.isClosedSilently() })
        await gate.open()
        let found = try await blocking { client.read { _ in false } }
        #expect(found.isClosed)
        #expect(found.bytes.contains(subsequence: Array("/late 0.".utf8)))
        await closed
        client.close()
        idle.close()
    }

    @Test func closingDoesNotWaitLongerThanItsGrace() async throws {
        let gate = Gate(isOpen: false)
        let listener = try await listen(gate: gate)
        let port = try #require(listener.port)
        let client = try RawClient(port: port)
        client.send("GET /late HTTP/1.1\r\nhost: a\r\n\r\n")
        await gate.reached()
        async let closed: Void = listener.close(grace: .milliseconds(10))
        #expect(try await blocking { client.isClosedSilently() })
        await gate.open()
        await closed
        client.close()
    }

    @Test func oneConnectionTooManyIsClosed() async throws {
        let listener = try await listen(.tcp(host: "127.0.0.1", port: 0), HTTPConfiguration(connectionsMax: 1))
        let port = try #require(listener.port)
        try await blocking {
            let first = try RawClient(port: port)
            first.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            _ = first.read(until: ".")
            let second = try RawClient(port: port)
            #expect(second.isClosedSilently())
            first.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            #expect(first.read(until: ".").contains("200 OK"))
            first.close()
            second.close()
        }
        await listener.close(grace: .seconds(1))
    }

    @Test func anIdleConnectionIsClosed() async throws {
        let listener = try await listen(
            .tcp(host: "127.0.0.1", port: 0), HTTPConfiguration(idleTimeout: .milliseconds(20)))
        let port = try #require(listener.port)
        try await blocking {
            for opening in [
                [], Array("GET / HT".utf8), HTTP2Bytes.preface, Array("GET / HTTP/1.1\r\nhost: a\r\n".utf8),
            ] {
                let client = try RawClient(port: port)
                client.send(opening)
                #expect(client.read { _ in false }.isClosed)
                client.close()
            }
        }
        await listener.close(grace: .seconds(1))
    }

    @Test func theIndexAnswersBothWiresOnOnePort() async throws {
        let directory = try TemporaryDirectory()
        let server = try await IndexServer.start(IndexConfiguration(directory: directory.path, dimension: 2))
        let port = server.port
        try await blocking {
            let client = try RawClient(port: port)
            let message = Message.upsert([Message.vector("a", [0.5, 0.25])])
            let body = [0, 0, 0, 0, UInt8(message.count)] + message
            client.send(
                HTTP2Bytes.preface
                    + HTTP2Bytes.request("/VectorService/Upsert", contentType: "application/grpc", body: body))
            let found = client.read { HTTP2Bytes.frames($0).contains { $0.stream == 1 && $0.flags & 1 == 1 } }
            let data = HTTP2Bytes.frames(found.bytes).first { $0.type == 0 }
            #expect(data?.payload == [0, 0, 0, 0, 2, 0x08, 1])
            client.close()
            let rest = try RawClient(port: port)
            rest.send("GET /vectors/fetch?ids=a HTTP/1.1\r\nhost: a\r\n\r\n")
            #expect(rest.read(until: "readUnits").contains(#""values":[0.5,0.25]"#))
            rest.close()
        }
        await server.stop()
    }
}

/// Holds a handler until the test says go, and tells the test that it is there.
actor Gate {
    private var isOpen: Bool
    private var isReached = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var watching: [CheckedContinuation<Void, Never>] = []

    init(isOpen: Bool) { self.isOpen = isOpen }

    func wait() async {
        isReached = true
        for watcher in watching { watcher.resume() }
        watching = []
        if isOpen { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    func reached() async {
        if isReached { return }
        await withCheckedContinuation { watching.append($0) }
    }

    func open() {
        isOpen = true
        for waiter in waiting { waiter.resume() }
        waiting = []
    }
}

extension [UInt8] {
    func contains(subsequence: [UInt8]) -> Bool {
        indices.contains { self[$0...].starts(with: subsequence) }
    }
}
