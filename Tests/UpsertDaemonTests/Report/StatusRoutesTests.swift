import Synchronization
import Testing
import UpsertCore
import UpsertDaemon

@testable import UpsertHTTP
@testable import UpsertStorage

/// A daemon that answers with fixed values and remembers what it was told.
final class ScriptedDaemon: Sendable {
    let calls = Mutex<[String]>([])
    let report = Mutex(fullReport())
    let failure = Mutex<(any Error)?>(nil)
    let entries = Mutex<[QuarantineEntry]>([])
    /// Whether receipts say that records are still under way.
    let pendingReceipts = Mutex(false)

    private func note(_ call: String) throws {
        calls.withLock { $0.append(call) }
        if let failure = failure.withLock({ $0 }) { throw failure }
    }

    /// 404 does not exist, 409 is superseded.
    private func refusals(_ numbers: [Int64]) -> [QuarantineRefusal] {
        numbers.filter { $0 == 404 || $0 == 409 }.map {
            QuarantineRefusal(number: $0, isAbsent: $0 == 404, message: "record \($0) stays")
        }
    }

    var interface: OperatorInterface {
        OperatorInterface(
            status: {
                try self.note("status")
                return self.report.withLock { $0 }
            },
            receipt: { id in
                try self.note("receipt \(id)")
                var found = receipt(name: id)
                if self.pendingReceipts.withLock({ $0 }) { found.settledAt = nil }
                return id == "absent" ? nil : found
            },
            quarantine: { after, limit in
                try self.note("quarantine \(after) \(limit)")
                return self.entries.withLock { $0.filter { $0.number > after }.prefix(limit).map { $0 } }
            },
            quarantineEntry: { number in
                try self.note("entry \(number)")
                guard let entry = self.entries.withLock({ $0.first { $0.number == number } }) else {
                    throw QueueError(.notFound, "there is no quarantined record \(number)")
                }
                return entry
            },
            retryQuarantined: { numbers, force in
                try self.note("retry \(numbers) \(force)")
                return self.refusals(numbers)
            },
            dropQuarantined: { numbers in
                try self.note("drop \(numbers)")
                return self.refusals(numbers)
            },
            replaceQuarantined: { number, record in
                try self.note("replace \(number) \(String(decoding: record, as: UTF8.self))")
            },
            acceptTarget: { try self.note("accept \($0)") },
            pause: { try self.note("pause \($0 ?? "all")") },
            resume: { try self.note("resume \($0 ?? "all")") },
            flush: { try self.note("flush") },
            reload: { try self.note("reload") })
    }
}

func receipt(name: String) -> Receipt {
    var counts = SubmissionCounts()
    counts.accepted = 10
    counts.rejected = 1
    counts.superseded = 2
    counts.delivered = 6
    counts.noEffect = 1
    counts.quarantined = 1
    return Receipt(
        number: 7, source: "/var/spool/a", name: name, createdAt: 1_795_255_200_000, complete: true, counts: counts,
        settledAt: 1_795_255_201_000)
}

func quarantineEntry(
    _ number: Int64, id: String = "doc-1",
    reason: String = "Vector dimension 3 does not match the dimension of the index 4",
    data: [UInt8] = Array(#"{"id":"doc-1","values":[1.50,2]},"#.utf8), encoding: Encoding? = .json
) -> QuarantineEntry {
    QuarantineEntry(
        number: number, target: "main", namespace: "", id: id, operation: .upsert, reason: reason,
        quarantinedAt: 1_795_255_200_000, acceptedAt: 1_795_255_100_000, superseded: number == 2, bytes: data.count,
        data: data, encoding: encoding, lane: 1, submission: 7, key: RecordKey(high: 1, low: 2), weight: 8)
}

@Suite("Status socket routes")
struct StatusRoutesTests {
    private let daemon = ScriptedDaemon()
    private static let root = PeerCredentials(pid: 1, uid: 0, gid: 0)

    private func answer(
        _ method: String, _ target: String, peer: PeerCredentials? = Self.root, body: String = ""
    ) async -> (status: Int, body: String, type: String?, allow: String?) {
        let access = OperatorAccess(adminGroup: "upsertd-admin", serviceUser: 990) { peer, group in
            peer.uid == 1_000 && group == "upsertd-admin"
        }
        let routes = StatusRoutes(daemon.interface, access: access)
        let response = await routes.answer(
            HTTPRequest(
                version: .http1, method: method, target: target, body: Array(body.utf8), peer: peer))
        let body = String(decoding: response.body, as: UTF8.self)
        return (response.status, body, response.headers["content-type"], response.headers["allow"])
    }

    private func called() -> [String] { daemon.calls.withLock { $0 } }

    @Test("status is the report's JSON")
    func status() async throws {
        let answer = await answer("GET", "/v1/status")
        #expect(answer.status == 200 && answer.type == "application/json")
        #expect(try StatusJSON.decode(StatusReport.self, from: Array(answer.body.utf8)) == fullReport())
        #expect(await self.answer("HEAD", "/v1/status").status == 200)
    }

    @Test("metrics are the report's, in the Prometheus format")
    func metrics() async {
        let answer = await answer("GET", "/metrics")
        #expect(answer.type == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.body == fullReport().metrics)
    }

    @Test("health is 200 while records are served, else 503 with the reason", arguments: StatusReport.State.allCases)
    func health(state: StatusReport.State) async {
        daemon.report.withLock {
            $0.state = state
            $0.failure = state == .failed ? "the disk is full" : nil
        }
        let answer = await answer("GET", "/healthz")
        let isHealthy = state != .starting && state != .failed
        #expect(answer.status == (isHealthy ? 200 : 503))
        if state == .failed { #expect(answer.body == "failed: the disk is full\n") }
    }

    @Test("a receipt is found by number or by a name with slashes and odd characters")
    func receipts() async {
        let answer = await answer("GET", "/v1/receipts/news/a%20b%2Fc%25-1.ndjson")
        #expect(called() == ["receipt news/a b/c%-1.ndjson"])
        #expect(
            answer.body == """
                {"accepted":10,"complete":true,"created_at":"2026-11-21T10:00:00Z","delivered":6,"name":"news/a b/c%-1.ndjson",\
                "no_effect":1,"number":7,"quarantined":1,"rejected":1,"settled":true,"settled_at":"2026-11-21T10:00:01Z",\
                "source":"/var/spool/a","superseded":2}

                """)
        #expect(await self.answer("GET", "/v1/receipts/absent").status == 404)
    }

    @Test("the quarantine is listed page by page")
    func quarantine() async throws {
        daemon.entries.withLock { $0 = (1...5).map { quarantineEntry($0) } }
        func page(_ target: String) async throws -> QuarantinePage {
            try StatusJSON.decode(QuarantinePage.self, from: Array(await answer("GET", target).body.utf8))
        }
        let first = try await page("/v1/quarantine?limit=2")
        #expect(first.quarantine.map(\.number) == [1, 2] && first.nextAfter == 2)
        let last = try await page("/v1/quarantine?limit=3&after=2")
        #expect(last.quarantine.map(\.number) == [3, 4, 5] && last.nextAfter == 5)
        let end = try await page("/v1/quarantine?after=5")
        #expect(end.quarantine.isEmpty && end.nextAfter == nil)
        #expect(called().last == "quarantine 5 100")
        for wrong in ["limit=0", "limit=1001", "limit=x", "after=-1"] {
            #expect(await answer("GET", "/v1/quarantine?\(wrong)").status == 400)
        }
    }

    @Test("a quarantined record is shown as it was submitted, its numbers untouched")
    func quarantined() async throws {
        daemon.entries.withLock {
            $0 = [
                quarantineEntry(1),
                quarantineEntry(3, id: "", reason: "not JSON", data: Array("{\"id\": \"x\ny".utf8), encoding: nil),
            ]
        }
        let shown = await answer("GET", "/v1/quarantine/1")
        #expect(shown.body.hasSuffix(#","record":{"namespace":"__default__","id":"doc-1","values":[1.50,2]}}"# + "\n"))
        #expect(try StatusJSON.decode(QuarantineReport.self, from: Array(shown.body.utf8)).id == "doc-1")
        #expect(
            QuarantineText.content(in: Array(shown.body.utf8))
                == Array(#"{"namespace":"__default__","id":"doc-1","values":[1.50,2]}"#.utf8))
        let text = await answer("GET", "/v1/quarantine/3")
        #expect(QuarantineText.content(in: Array(text.body.utf8)) == Array(#""{\"id\": \"x\ny""#.utf8))
        #expect(await answer("GET", "/v1/quarantine/2").status == 404)
    }

    @Test(
        "operators change things",
        arguments: [
            ("/v1/pause", "pause all"), ("/v1/pause?target=main", "pause main"),
            ("/v1/resume?target=a%20b", "resume a b"),
            ("/v1/resume", "resume all"), ("/v1/flush", "flush"), ("/v1/reload", "reload"),
            ("/v1/quarantine/9/retry", "retry [9] false"), ("/v1/quarantine/9/retry?force=1", "retry [9] true"),
            ("/v1/quarantine/9/retry?force=0", "retry [9] false"), ("/v1/quarantine/9/drop", "drop [9]"),
            ("/v1/quarantine/9/replace", "replace 9 "), ("/v1/targets/a%20b/accept", "accept a b"),
        ])
    func changes(target: String, call: String) async {
        for uid: UInt32 in [0, 990, 1_000] {
            let answer = await answer("POST", target, peer: PeerCredentials(pid: 1, uid: uid, gid: 5))
            #expect(answer.status == 200 && answer.body == "{\"ok\":true}\n")
        }
        #expect(called() == [call, call, call])
    }

    @Test(
        "others may only read",
        arguments: [
            "/v1/pause", "/v1/resume", "/v1/flush", "/v1/reload", "/v1/quarantine/9/retry", "/v1/quarantine/9/drop",
            "/v1/quarantine/9/replace", "/v1/quarantine/retry", "/v1/quarantine/drop", "/v1/targets/main/accept",
        ])
    func forbidden(target: String) async {
        for peer in [PeerCredentials(pid: 1, uid: 1_001, gid: 1_001), nil] {
            let answer = await answer("POST", target, peer: peer)
            #expect(answer.status == 403)
            #expect(answer.body.hasPrefix("{\"error\":{\"code\":\"forbidden\",\"message\":\"this needs root"))
            #expect(await self.answer("GET", "/v1/status", peer: peer).status == 200)
        }
        #expect(called().allSatisfy { $0 == "status" })
    }

    @Test("many are changed at once, and those that stay are told with their reason")
    func changesOfMany() async throws {
        let retried = await answer("POST", "/v1/quarantine/retry?force=1", body: #"{"numbers":[1,404,409]}"#)
        #expect(
            retried.body == """
                {"changed":1,"refused":[{"absent":true,"message":"record 404 stays","number":404},\
                {"absent":false,"message":"record 409 stays","number":409}]}

                """)
        #expect(await answer("POST", "/v1/quarantine/drop", body: #"{"numbers":[7]}"#).status == 200)
        #expect(called() == ["retry [1, 404, 409] true", "drop [7]"])
        for wrong in ["", "{}", #"{"numbers":[]}"#, #"{"numbers":["1"]}"#] {
            #expect(await answer("POST", "/v1/quarantine/retry", body: wrong).status == 400)
        }
        #expect(await answer("POST", "/v1/quarantine/404/retry").status == 404)
        #expect(await answer("POST", "/v1/quarantine/409/retry").status == 409)
        #expect(await answer("POST", "/v1/quarantine/5/replace", body: #"{"id":"a"}"#).status == 200)
        #expect(called().last == #"replace 5 {"id":"a"}"#)
    }

    @Test("what is not there is 404, and a wrong method is told with the right one")
    func notThere() async {
        for target in [
            "/", "/v1", "/v1/statuses", "/v1/receipts/", "/v1/quarantine/x", "/v1/quarantine/0",
            "/v1/quarantine/1/retry/2", "/v1/quarantine/1/burn",
        ] {
            #expect(await answer("GET", target).status == 404, "\(target)")
        }
        let post = await answer("POST", "/v1/status")
        #expect(post.status == 405 && post.allow == "GET, HEAD")
        let get = await answer("GET", "/v1/pause")
        #expect(get.status == 405 && get.allow == "POST")
        #expect(called().isEmpty)
    }

    @Test("a parameter that does not exist is refused, so that a misspelt target does not pause everything")
    func unknownParameter() async {
        #expect(await answer("POST", "/v1/pause?traget=main").status == 400)
        #expect(await answer("GET", "/v1/status?x=%zz").status == 400)
        #expect(await answer("POST", "/v1/quarantine/1/retry?force=yes").status == 400)
        #expect(called().isEmpty)
    }

    @Test(
        "an error keeps its meaning",
        arguments: [
            (OperatorError(.notFound, "no target x") as any Error, 404, "not_found"),
            (OperatorError(.conflict, "not now"), 409, "conflict"),
            (OperatorError(.unavailable, "starting"), 503, "unavailable"),
            (QueueError(.refused, "superseded"), 409, "conflict"),
            (QueueError(.full, "the disk is full"), 503, "unavailable"),
            (OperatorError(.rejected, "no values"), 422, "rejected"),
            (QueueError(.damaged, "damaged"), 500, "queue"),
            (
                ConfigurationErrors([ConfigurationProblem(file: "c", line: 1, column: 2, message: "bad")]), 422,
                "configuration"
            ),
            (APIKeyFailure("no key"), 422, "configuration"),
            (CancellationError(), 503, "unavailable"),
        ])
    func errors(error: any Error, status: Int, code: String) async throws {
        daemon.failure.withLock { $0 = error }
        let answer = await answer("POST", "/v1/reload")
        #expect(answer.status == status)
        let report = try StatusJSON.decode(FailureReport.self, from: Array(answer.body.utf8))
        #expect(report.error.code == code && !report.error.message.isEmpty)
    }
}

@Suite("Operators")
struct OperatorAccessTests {
    @Test("membership is what the user database says, or the group of the connection")
    func membership() {
        // User and group 0 are called root everywhere.
        #expect(OperatorAccess.isListed(PeerCredentials(pid: 1, uid: 0, gid: 1), in: "root"))
        #expect(OperatorAccess.isListed(PeerCredentials(pid: 1, uid: 4_000_000, gid: 0), in: "root"))
        #expect(!OperatorAccess.isListed(PeerCredentials(pid: 1, uid: 4_000_000, gid: 4_000_000), in: "root"))
        #expect(!OperatorAccess.isListed(PeerCredentials(pid: 1, uid: 0, gid: 0), in: "no-such-group"))
    }

    @Test("nobody known may change nothing")
    func unknown() {
        #expect(!OperatorAccess(adminGroup: "root").mayChange(nil))
    }
}
