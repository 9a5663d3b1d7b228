import Foundation
import Testing
import UpsertHTTP

@testable import UpsertIndex

@Suite struct DurabilityTests {
    @Test func recordsSurviveARestart() async throws {
        let directory = try TemporaryDirectory()
        let first = try Harness(directory: directory)
        await first.upsert(
            "a", #""values":[0.1,0.2],"sparseValues":{"indices":[3],"values":[0.3]},"metadata":{"k":"v","n":1.5}"#,
            namespace: "ns")
        await first.upsert("b", namespace: "ns")
        _ = await first.rest("POST", "/vectors/delete", #"{"ids":["b"],"namespace":"ns"}"#)
        let before = await first.rest("GET", "/vectors/fetch?ids=a&ids=b&namespace=ns").text
        await first.store.close()

        let second = try Harness(directory: directory)
        #expect(await second.rest("GET", "/vectors/fetch?ids=a&ids=b&namespace=ns").text == before)
        #expect(before.contains(#""values":[0.1,0.2]"#))
        let next = await second.upsert("c", namespace: "ns")
        #expect(next.response.headers["x-pinecone-request-lsn"] == "4", "the LSN goes on")
        #expect(await second.rest("GET", "/namespaces/ns").json?["record_count"] == .string("2"))
    }

    @Test func anotherKindOfIndexIsRefused() async throws {
        let directory = try TemporaryDirectory()
        let first = try Harness(dimension: 3, metric: .cosine, directory: directory)
        await first.store.close()
        #expect(throws: IndexError.self) { try Harness(dimension: 4, metric: .cosine, directory: directory) }
        #expect(throws: IndexError.self) { try Harness(dimension: 3, metric: .euclidean, directory: directory) }
    }

    @Test func oneServerAtATimeHasTheDirectory() async throws {
        let directory = try TemporaryDirectory()
        let configuration = IndexConfiguration(directory: directory.path, dimension: 2)
        let first = try await IndexServer.start(configuration)
        await #expect(throws: IndexError.self) { try await IndexServer.start(configuration) }
        await first.stop()
        let second = try await IndexServer.start(configuration)
        await second.stop()
    }

    @Test func whatWasAcknowledgedSurvivesAKill() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try RecordStore(directory: path, dimension: 2, metric: .dotproduct, journal: nil)
            let records = (0..<500).map { VectorRecord(id: "\($0)", dense: FloatBytes.bytes([1, Float($0)])) }
            _ = try await store.upsert(records, namespace: "", request: 1)
            kill(getpid(), SIGKILL)
        }
        let index = try Harness(directory: directory)
        #expect(await index.rest("GET", "/namespaces/__default__").json?["record_count"] == .string("500"))
        #expect(await index.rest("GET", "/vectors/fetch?ids=499").text.contains("[1.0,499.0]"))
    }

    @Test(arguments: [
        IndexConfiguration(directory: "/tmp/x", dimension: -1),
        IndexConfiguration(directory: "/tmp/x", dimension: 20001),
        IndexConfiguration(directory: "/tmp/x", dimension: 0, metric: .cosine),
        IndexConfiguration(directory: "", dimension: 2),
    ])
    func senselessConfigurationsAreRefused(_ configuration: IndexConfiguration) async {
        await #expect(throws: IndexError.self) { try await IndexServer.start(configuration) }
    }
}
