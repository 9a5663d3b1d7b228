import Testing

@testable import UpsertDaemon

@Suite("What a reload says has changed")
struct ConfigurationChangesTests {
    private func configuration(_ target: String, _ top: String = "") throws -> DaemonConfiguration {
        try DaemonConfiguration(
            yaml: """
                spools:
                  - directory: /var/spool/a
                    target: main
                \(top)
                targets:
                  main:
                    host: https://a.svc.pinecone.io
                    \(target)
                """, file: "c.yaml")
    }

    @Test(
        "every setting of a target is named, and no other",
        arguments: [
            "transport: rest", "api_key_file: /etc/k", "dimension: 7", "requests_in_flight_max: 3", "unresolved_max: 3",
            "connections: 3", "linger: 3s", "request_timeout: 3s", "connect_timeout: 3s", "ambiguous_hold: 3m",
            "ca_file: /etc/ca.pem", "allow_plaintext: true", "governor: { upsert_requests: 3 }",
        ])
    func target(setting: String) throws {
        let changes = ConfigurationChanges(from: try configuration("api: vectors"), to: try configuration(setting))
        #expect(changes.applied == ["targets.main.\(setting.prefix { $0 != ":" })"])
        #expect(changes.needRestart.isEmpty)
    }

    @Test(
        "what needs a restart says so",
        arguments: [
            ("queue: { directory: /var/lib/b }", "queue"), ("status: { socket: /run/b }", "status"),
            ("shutdown_timeout: 3s", "shutdown_timeout"), ("outboxes: [{ path: /b.db, target: main }]", "outboxes"),
        ])
    func top(lines: String, name: String) throws {
        let changes = ConfigurationChanges(
            from: try configuration("api: vectors"), to: try configuration("api: vectors", lines))
        #expect(changes.applied.isEmpty && changes.needRestart == [name])
    }
}
