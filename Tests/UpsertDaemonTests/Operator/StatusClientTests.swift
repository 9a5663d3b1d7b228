import Glibc
import Synchronization
import Testing
import UpsertHTTP
import UpsertTestSupport

@testable import UpsertDaemon

private func failure<Value>(_ body: () throws(StatusClientError) -> Value) -> StatusClientError? {
    do throws(StatusClientError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

@Suite("Status client")
struct StatusClientTests {
    private let directory = TemporaryDirectory()

    /// Runs a blocking call beside the listener's tasks.
    private func blocking<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.start { continuation.resume(returning: body()) }
        }
    }

    @Test("it speaks with the daemon's own listener, reads and changes, and knows a refusal")
    func overTheSocket() async throws {
        let path = directory.path + "/status.sock"
        let daemon = ScriptedDaemon()
        let routes = StatusRoutes(daemon.interface, access: OperatorAccess(adminGroup: "root"))
        let listener = try await HTTPListener.bind(.unix(path: path, mode: 0o600)) { await routes.answer($0) }
        let client = StatusClient(socketPath: path, timeout: .seconds(10))
        let report = await blocking { try? client.get("/v1/status", as: StatusReport.self) }
        #expect(report == fullReport())
        let change = await blocking { try? client.post(StatusClient.path("/v1/pause", target: "a b")) }
        #expect(change == Array("{\"ok\":true}\n".utf8))
        #expect(daemon.calls.withLock { $0.last } == "pause a b")
        let absent = await blocking { failure { () throws(StatusClientError) in try client.get("/v1/quarantine/1") } }
        #expect(absent == .refused(status: 404, code: "not_found", message: "there is no quarantined record 1"))
        await listener.close(grace: .seconds(1))
    }

    @Test("a daemon that is not there is told with its socket")
    func unreachable() throws {
        let path = directory.path + "/absent.sock"
        let told = failure { () throws(StatusClientError) in try StatusClient(socketPath: path).get("/v1/status") }
        #expect(
            told == .unreachable("upsertd cannot be reached at \(path): connect: No such file or directory"))
        let long = "/" + String(repeating: "x", count: 120)
        let tooLong = failure { () throws(StatusClientError) in try StatusClient(socketPath: long).get("/") }
        #expect(tooLong?.description.hasSuffix("connect: File name too long") == true)
    }

    @Test(
        "an answer is whole or it is none",
        arguments: [
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", 200, "hi"),
            ("HTTP/1.1 503 Service Unavailable\r\nX: y\r\nContent-Length:0\r\n\r\n", 503, ""),
        ])
    func parse(text: String, status: Int, body: String) {
        #expect(StatusClient.parse(Array(text.utf8)) == .init(status: status, body: Array(body.utf8)))
    }

    @Test(
        "what is cut short or speaks otherwise is refused",
        arguments: [
            "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi", "HTTP/1.1 200 OK\r\n\r\nhi",
            "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 OK\r\ncontent-length: 0\r\n\r\n",
        ])
    func notAnAnswer(text: String) {
        #expect(StatusClient.parse(Array(text.utf8)) == nil)
    }
}

/// A thread for a blocking call, so that it takes none of the test's own.
enum Thread {
    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body)).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { work in
                Unmanaged<Work>.fromOpaque(work!).takeRetainedValue().body()
                return nil
            }, work)
        precondition(result == 0, "cannot start a thread")
        pthread_detach(thread)
    }
}
