import Testing
import UpsertCore
import UpsertDaemon

@Suite struct GovernorConfigurationTests {
    private func target(_ host: String, _ more: String = "") throws -> TargetConfiguration {
        let yaml = """
            spools:
              - directory: /spool
                target: main
            targets:
              main:
                host: \(host)
            \(more)
            """
        return try #require(try DaemonConfiguration(yaml: yaml, file: "u.yaml").targets.first)
    }

    @Test func `the vendor's hosts are governed by the published ceilings, others by nothing`() throws {
        #expect(try target("https://a-b.svc.us-east-1-aws.pinecone.io").governor == .published)
        #expect(try target("http://127.0.0.1:5080").governor == .none)
    }

    @Test func `a limit that is given replaces its preset, nought lifts it, the others stay`() throws {
        let more = """
                governor:
                  upsert_bytes: 10MiB
                  delete_records: 0
            """
        let governor = try target("https://a-b.svc.us-east-1-aws.pinecone.io", more).governor
        #expect(governor.upsertBytes == 10 << 20)
        #expect(governor.deleteRecords == nil)
        #expect(governor.upsertRequests == 100)
        let local = try target("http://127.0.0.1:5080", more).governor
        #expect(local.upsertBytes == 10 << 20)
        #expect(local.upsertRequests == nil)
    }

    @Test func `an unknown limit is an error with its line`() {
        let error = #expect(throws: ConfigurationErrors.self) {
            try target("http://127.0.0.1:5080", "    governor:\n      upsert_byte: 10MiB")
        }
        #expect("\(error.map(String.init(describing:)) ?? "")".contains("upsert_byte"))
    }
}
