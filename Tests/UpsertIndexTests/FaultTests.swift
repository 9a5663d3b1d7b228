import Foundation
import Testing
import UpsertHTTP

@testable import UpsertIndex

@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    private func isDropped(_ response: HTTPResponse) -> Bool {
        if case .dropConnection = response.action { true } else { false }
    }

    @Test func applyThenDropAppliesAndSaysNothing() async throws {
        let index = try Harness()
        index.faults.arm(Fault(.applyThenDrop, times: 1))
        #expect(isDropped(await index.upsert("a").response))
        #expect(await index.ids() == ["a"])
        #expect(await index.upsert("b").status == 200, "it is used up")
    }

    @Test func lateApplyDropsFirst() async throws {
        let index = try Harness()
        await index.upsert("z")
        index.faults.arm(Fault(.lateApply(after: .zero), times: 1))
        let response = await index.upsert("a").response
        #expect(isDropped(response))
        #expect(await index.ids() == ["z"])
        await response.afterwards?()
        #expect(await index.ids() == ["a", "z"])
    }

    @Test func refuseHitsOnlyRequestsWithTheId() async throws {
        let index = try Harness()
        index.faults.arm(Fault(.refuse(id: "bad")))
        #expect(await index.upsert("good").status == 200)
        let answer = await index.rest(
            "POST", "/vectors/upsert", #"{"vectors":[{"id":"x","values":[1,0]},{"id":"bad","values":[1,0]}]}"#)
        #expect(answer.status == 400)
        #expect(answer.json?["code"] == .number(3))
        #expect(answer.message?.contains("bad") == true)
        #expect(await index.grpc("Upsert", Message.upsert([Message.vector("bad")])).status == 3)
        #expect(await index.ids() == ["good"])
    }

    @Test func refusalsTakeTheShapeOfTheirWire() async throws {
        let index = try Harness()
        index.faults.arm(Fault(.throttle(retryAfter: 1.5, pushbackMs: 20), times: 2))
        let rest = await index.upsert("a")
        #expect(rest.status == 429)
        #expect(rest.json?["code"] == .number(8))
        #expect(rest.response.headers["retry-after"] == "1.5")
        let grpc = await index.grpc("Upsert", Message.upsert([Message.vector("a")]))
        #expect(grpc.status == 8)
        #expect(grpc.response.headers["grpc-retry-pushback-ms"] == "20")

        index.faults.arm(Fault(.unavailable, times: 2))
        #expect(await index.upsert("a").status == 503)
        #expect(await index.grpc("Upsert", Message.upsert([Message.vector("a")])).status == 14)
        index.faults.arm(Fault(.unauthorized, times: 2))
        #expect(await index.upsert("a").text == "Unauthorized")
        #expect(await index.grpc("Upsert", Message.upsert([Message.vector("a")])).status == 16)
        index.faults.arm(Fault(.payloadTooLarge(overBytes: 10), times: 2))
        #expect(await index.upsert("a").status == 413)
        #expect(await index.grpc("Upsert", Message.upsert([Message.vector("a")])).status == 11)
        index.faults.arm(Fault(.html(status: 404), times: 2))
        let page = await index.upsert("a")
        #expect(page.status == 404)
        #expect(page.response.headers["content-type"] == "text/html")
        #expect(await index.grpc("Upsert", Message.upsert([Message.vector("a")])).response.status == 404)
        #expect(await index.ids() == [], "nothing was applied")
    }

    @Test func wrongCountAppliesAndMisreports() async throws {
        let index = try Harness()
        index.faults.arm(Fault(.wrongCount(7), times: 1))
        #expect(await index.upsert("a").text == #"{"upsertedCount":7}"#)
        #expect(await index.ids() == ["a"])
    }

    @Test func lsnLagIsSeenByQueries() async throws {
        let index = try Harness()
        for id in ["a", "b", "c"] { await index.upsert(id) }
        index.faults.arm(Fault(.lsnLag(2), times: 1))
        let query = #"{"topK":1,"vector":[1,0]}"#
        #expect(await index.rest("POST", "/query", query).response.headers["x-pinecone-max-indexed-lsn"] == "1")
        #expect(await index.rest("POST", "/query", query).response.headers["x-pinecone-max-indexed-lsn"] == "3")
    }

    @Test func aNamespaceLimitsAFaultWithAnyCode() async throws {
        let index = try Harness()
        index.faults.arm(Fault(.refuseAll(code: 7), message: "no entry", namespace: "odd"))
        #expect(await index.upsert("a").status == 200)
        let refused = await index.upsert("a", namespace: "odd")
        #expect(refused.status == 403)
        #expect(refused.text.contains("no entry"))
    }

    @Test func operationsLimitAFault() async throws {
        let index = try Harness()
        index.faults.arm(Fault(.unavailable, operations: [.delete]))
        #expect(await index.upsert("a").status == 200)
        #expect(await index.rest("POST", "/vectors/delete", #"{"ids":["a"]}"#).status == 503)
        index.faults.disarmAll()
        #expect(await index.rest("POST", "/vectors/delete", #"{"ids":["a"]}"#).status == 200)
    }

    @Test func theSameSeedHitsTheSameRequests() async throws {
        func outcomes(_ seed: UInt64) async throws -> [Int] {
            let index = try Harness()
            index.faults.seed(seed)
            index.faults.arm(Fault(.unavailable, probability: 0.5))
            var statuses: [Int] = []
            for id in 0..<40 { statuses.append(await index.upsert("\(id)").status) }
            return statuses
        }
        let first = try await outcomes(7)
        #expect(try await outcomes(7) == first)
        #expect(Set(first) == [200, 503])
        #expect(try await outcomes(8) != first)
    }

    @Test func faultsCanBeArmedOverHTTP() async throws {
        let index = try Harness()
        let body = #"{"effect":"throttle","retry_after":0.5,"times":1,"operations":["upsert"],"message":"slow down"}"#
        #expect(await index.rest("POST", "/_faults", body).status == 200)
        let answer = await index.upsert("a")
        #expect(answer.message == "slow down")
        #expect(await index.rest("GET", "/_faults").text.contains(#""hits":1"#))
        #expect(await index.rest("DELETE", "/_faults").status == 200)
        #expect(await index.rest("GET", "/_faults").text == "[]")
        for bad in ["{", "{}", #"{"effect":"delay"}"#, #"{"effect":"reset","operations":["x"]}"#] {
            #expect(await index.rest("POST", "/_faults", bad).status == 400)
        }
    }

    @Test func theJournalKeepsTheOrderOfCommits() async throws {
        let index = try Harness()
        await index.upsert("a", #""values":[1,0]"#)
        _ = await index.rest("POST", "/vectors/update", #"{"id":"a","values":[2,0]}"#)
        _ = await index.rest("POST", "/vectors/delete", #"{"ids":["a"]}"#)
        let entries = index.journal.entries
        #expect(entries.map(\.operation) == [.upsert, .update, .delete])
        #expect(entries.map(\.first) == [1, 2, nil])
        #expect(entries.map(\.request) == [1, 2, 3])
        let shown = await index.rest("GET", "/_journal?from=2")
        #expect(
            shown.text
                == #"{"entries":[{"request":3,"namespace":"","id":"a","operation":"delete","first":null}],"overlaps":[]}"#
        )
    }

    @Test func aRequestIsOpenUntilItIsAnswered() async throws {
        let index = try Harness()
        index.faults.arm(Fault(.delay(.seconds(600)), times: 1))
        let slow = Task { await index.upsert("a") }
        while index.journal.openRequests == 0 { await Task.yield() }
        await index.upsert("b")
        #expect(index.journal.overlaps.isEmpty, "another record")
        await index.upsert("a")
        #expect(index.journal.overlaps.map { [$0.earlier, $0.later] } == [[1, 3]])
        slow.cancel()
        _ = await slow.value
        #expect(index.journal.openRequests == 0)
        await index.upsert("a")
        #expect(index.journal.overlaps.count == 1, "it is answered")
    }

    @Test func theJournalSeesTwoOpenRequestsWithOneRecord() {
        let journal = WriteJournal()
        let version = { (value: Float) in
            Call.upsert(UpsertCall(records: [VectorRecord(id: "a", dense: FloatBytes.bytes([value, 0]))]))
        }
        journal.open(1, version(1))
        journal.close(1)
        journal.open(2, version(1))
        #expect(journal.overlaps.isEmpty, "one after the other is no overlap")
        journal.open(3, version(1))
        journal.open(4, version(2))
        journal.open(5, .upsert(UpsertCall(namespace: "other", records: [VectorRecord(id: "a")])))
        journal.close(2)
        journal.open(6, .delete(DeleteCall(namespace: "__default__", ids: ["a"])))
        let pairs = journal.overlaps.map { [$0.earlier, $0.later] }
        #expect(pairs == [[2, 3], [2, 4], [3, 4], [3, 6], [4, 6]])
        #expect(journal.overlaps.map(\.isSameVersion) == [true, false, false, false, false])
    }
}
