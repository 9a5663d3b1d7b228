import Logging
import Testing
import UpsertCore
import UpsertDaemon
import UpsertTransport

/// A configuration with nothing wrong; its lines are counted by the tests.
private let good = """
    spools:
      - directory: /var/spool/a
        target: main
    targets:
      main:
        host: https://a.svc.pinecone.io
    """

private func problems(_ yaml: String) -> [String] {
    do {
        _ = try DaemonConfiguration(yaml: yaml, file: "c.yaml")
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// The problems of the good configuration with `lines` put in after line `after`.
private func problems(adding lines: String, after: Int) -> [String] {
    var all = good.split(separator: "\n").map(String.init)
    all.insert(contentsOf: lines.split(separator: "\n").map(String.init), at: after)
    return problems(all.joined(separator: "\n"))
}

@Suite("Configuration")
struct ConfigurationTests {
    @Test("a minimal file gets every default")
    func defaults() throws {
        let configuration = try DaemonConfiguration(yaml: good, file: "c.yaml")
        #expect(configuration.spools == [SpoolConfiguration(directory: "/var/spool/a", target: "main")])
        #expect(configuration.outboxes.isEmpty)
        #expect(configuration.queue == QueueConfiguration(directory: "/var/lib/upsertd"))
        #expect(configuration.queue.indexRecordsMax == 256 << 20 / 20)
        #expect(configuration.status.socket == nil)
        #expect(configuration.status.mode == 0o660)
        #expect(configuration.status.adminGroup == "upsertd-admin")
        #expect(configuration.shutdownTimeout == .seconds(20))
        #expect(configuration.logLevel == .info)
        let target = try #require(configuration.target("main"))
        #expect(target.wire == .grpc && target.api == .vectors)
        #expect(target.requestsInFlightMax == 12 && target.connections == 2)
        #expect(target.linger == .milliseconds(200) && target.requestTimeout == .seconds(30))
        #expect(target.connectTimeout == .seconds(5) && target.ambiguousHold == .seconds(60))
        #expect(target.apiKeyFile == nil && target.dimension == nil && target.caFile == nil)
        let spool = configuration.spools[0]
        #expect(spool.settle == .seconds(2) && spool.lineBytesMax == 32 << 20 && !spool.keepsDone)
    }

    @Test("every setting is read")
    func everySetting() throws {
        let yaml = """
            spools:
              - {directory: //var/./spool/a/, target: main, namespace: "2024", settle: 100ms, max_file_size: 2GiB,
                 max_line_size: 1MiB, keep_done: true}
            outboxes:
              - {path: /db, target: text}
            queue: {directory: /q, index_memory_max: 40MiB, disk_reserve: 64MiB, on_damage: start_fresh}
            status: {socket: /s, mode: 0600, admin_group: wheel, read_group: staff}
            targets:
              main: {host: "http://10.0.0.1:8080", allow_plaintext: true, transport: rest, api_key_file: /k, dimension: 3,
                     requests_in_flight_max: 2, connections: 4, linger: 0ms, request_timeout: 10s, connect_timeout: 1s,
                     ambiguous_hold: 20s, ca_file: /ca}
              text: {host: b.svc.pinecone.io, api: records}
            shutdown_timeout: 1m
            log_level: debug
            """
        let configuration = try DaemonConfiguration(yaml: yaml, file: "c.yaml")
        var spool = SpoolConfiguration(directory: "/var/spool/a", target: "main")
        spool.namespace = "2024"
        spool.settle = .milliseconds(100)
        spool.fileBytesMax = 2 << 30
        spool.lineBytesMax = 1 << 20
        spool.keepsDone = true
        #expect(configuration.spools == [spool])
        #expect(configuration.outboxes == [OutboxConfiguration(path: "/db", target: "text")])
        #expect(configuration.queue.directory == "/q" && configuration.queue.indexBytesMax == 40 << 20)
        #expect(configuration.status.socket == "/s" && configuration.status.mode == 0o600)
        #expect(configuration.status.adminGroup == "wheel" && configuration.status.readGroup == "staff")
        var main = TargetConfiguration(
            name: "main", endpoint: try TargetEndpoint("http://10.0.0.1:8080", allowPlaintext: true))
        main.allowsPlaintext = true
        main.wire = .rest
        main.apiKeyFile = "/k"
        main.dimension = 3
        main.requestsInFlightMax = 2
        main.connections = 4
        main.linger = .zero
        main.requestTimeout = .seconds(10)
        main.connectTimeout = .seconds(1)
        main.ambiguousHold = .seconds(20)
        main.caFile = "/ca"
        #expect(configuration.target("main") == main)
        let text = try #require(configuration.target("text"))
        #expect(text.api == .records && text.wire == .rest, "text records go over rest by default")
        #expect(configuration.shutdownTimeout == .seconds(60) && configuration.logLevel == .debug)
    }

    @Test("an unknown key is an error with its place and the key that was meant")
    func unknownKeys() {
        #expect(
            problems("quue: {directory: /q}\n" + good) == [
                "c.yaml:1:1: unknown key \"quue\"; did you mean \"queue\"?"
            ])
        #expect(
            problems(adding: "    request-timeout: 5s", after: 6) == [
                "c.yaml:7:5: unknown key \"request-timeout\" in targets.main; did you mean \"request_timeout\"?"
            ])
        #expect(
            problems(adding: "    targte: main", after: 3) == [
                "c.yaml:4:5: unknown key \"targte\" in spools[0]; did you mean \"target\"?"
            ])
        #expect(
            problems(adding: "    requsts_in_flght_max: 8", after: 6).first?.contains("requests_in_flight_max") == true)
        #expect(
            problems("queue: {wibble: 1}\n" + good) == [
                "c.yaml:1:9: unknown key \"wibble\" in queue; known keys: directory, disk_reserve, index_memory_max, "
                    + "on_damage"
            ])
    }

    @Test(
        "a wrong value is an error with its line and what would be right",
        arguments: [
            (
                "linger: 200",
                "c.yaml:7:13: targets.main.linger needs a unit: write 200s for seconds (units: ms, s, m, h)"
            ),
            (
                "linger: 200msec",
                "c.yaml:7:13: targets.main.linger must be a whole number and one of the units ms, s, m, h, is \"200msec\""
            ),
            (
                "linger: soon",
                "c.yaml:7:13: targets.main.linger must be a duration such as 200ms, 30s, 5m or 1h, is \"soon\""
            ),
            ("linger: 99999999999999999h", "c.yaml:7:13: targets.main.linger is too long: \"99999999999999999h\""),
            ("linger: 2h", "c.yaml:7:13: targets.main.linger must be 0s to 1h, is 2h"),
            ("linger: [1s]", "c.yaml:7:13: targets.main.linger must be a duration such as 200ms, is a list"),
            ("linger:", "c.yaml:7:12: targets.main.linger has no value; it must be a duration such as 200ms"),
            ("dimension: 0", "c.yaml:7:16: targets.main.dimension must be 1 to 20000, is 0"),
            ("dimension: 20001", "c.yaml:7:16: targets.main.dimension must be 1 to 20000, is 20001"),
            ("dimension: 3.5", "c.yaml:7:16: targets.main.dimension must be a whole number, is \"3.5\""),
            ("requests_in_flight_max: 0", "c.yaml:7:29: targets.main.requests_in_flight_max must be 1 to 1000, is 0"),
            (
                "api: vector",
                "c.yaml:7:10: targets.main.api must be one of vectors, records, is \"vector\"; did you mean \"vectors\"?"
            ),
            ("allow_plaintext: maybe", "c.yaml:7:22: targets.main.allow_plaintext must be true or false, is \"maybe\""),
            ("ca_file: ca.pem", "c.yaml:7:14: targets.main.ca_file must be an absolute path, is \"ca.pem\""),
            ("ca_file: /a/../b", "c.yaml:7:14: targets.main.ca_file must not contain \"..\" or NUL, is \"/a/../b\""),
            (
                "ca_file: true",
                "c.yaml:7:14: targets.main.ca_file must be a text, is \"true\"; put it in quotes if that is meant"
            ),
            (
                "ambiguous_hold: 59s",
                "c.yaml:7:21: targets.main.ambiguous_hold must be at least twice request_timeout (1m), is 59s"
            ),
        ])
    func wrongValues(setting: String, problem: String) {
        #expect(problems(adding: "    " + setting, after: 6) == [problem])
    }

    @Test("sizes need a unit and have a range")
    func sizes() {
        #expect(
            problems(adding: "    max_line_size: 1000", after: 3) == [
                "c.yaml:4:20: spools[0].max_line_size needs a unit: write 1000B for bytes (units: B, KiB, MiB, GiB, TiB)"
            ])
        #expect(
            problems(adding: "    max_line_size: 64MB", after: 3) == [
                "c.yaml:4:20: spools[0].max_line_size must be a whole number and one of the units B, KiB, MiB, GiB, TiB, is \"64MB\""
            ])
        #expect(
            problems(adding: "    max_line_size: 2GiB", after: 3) == [
                "c.yaml:4:20: spools[0].max_line_size must be 1KiB to 1GiB, is 2GiB"
            ])
    }

    @Test("text records cannot go over grpc, nor have a dimension")
    func recordsOverGRPC() {
        #expect(
            problems(adding: "    api: records\n    transport: grpc\n    dimension: 3", after: 6) == [
                "c.yaml:8:16: targets.main.transport cannot be grpc with api: records, which the service takes over rest only",
                "c.yaml:9:16: targets.main.dimension is for api: vectors; with api: records the service embeds the text itself",
            ])
    }

    @Test("the key and the records travel in the clear only to this machine, unless that is allowed")
    func plaintext() {
        func with(_ host: String, _ more: String = "") -> [String] {
            problems(good.replacing("https://a.svc.pinecone.io", with: host) + "\n" + more)
        }
        #expect(with("http://127.0.0.1:5080").isEmpty)
        #expect(with("http://10.0.0.1:5080", "    allow_plaintext: true").isEmpty)
        let found = with("http://10.0.0.1:5080")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("c.yaml:6:11: targets.main.host is not usable: ") == true)
        #expect(found.first?.hasSuffix("(allow_plaintext: true)") == true)
    }

    @Test("two targets are not the same index, however it is written")
    func sameHost() {
        let more = "\n  other:\n    host: a.SVC.pinecone.io.:443/"
        #expect(
            problems(good + more) == [
                "c.yaml:8:11: targets.other.host is the same index as targets.main; one index is one target"
            ])
    }

    @Test("two spools are not the same directory, nor two outboxes the same file")
    func duplicateSources() {
        let yaml = """
            spools:
              - {directory: /var/spool/a, target: main}
              - {directory: /var//spool/a/, target: main}
            outboxes:
              - {path: /x.db, target: main}
              - {path: /./x.db, target: main}
            targets:
              main: {host: a.svc.pinecone.io}
            """
        #expect(
            problems(yaml) == [
                "c.yaml:3:17: spools[1].directory is the same as spools[0].directory: \"/var/spool/a\"",
                "c.yaml:6:12: outboxes[1].path is the same as outboxes[0].path: \"/x.db\"",
            ])
    }

    @Test("a source names a target that exists; a faulty one exists too")
    func unknownTarget() {
        #expect(
            problems(good.replacing("target: main", with: "target: mian")) == [
                "c.yaml:3:13: spools[0].target names no target: \"mian\"; did you mean \"main\"?"
            ])
        #expect(problems(good.replacing("host: https://a.svc.pinecone.io", with: "linger: 1s")).count == 1)
    }

    @Test("what is required is asked for")
    func missing() {
        #expect(
            problems("") == [
                "c.yaml: targets is missing: give at least one target with its host",
                "c.yaml: there is nothing to read from: give at least one of spools and outboxes",
            ])
        #expect(
            problems("spools: [{target: main}]\ntargets: {main: {}}") == [
                "c.yaml:1:10: spools[0].directory is missing, such as: directory: /var/spool/upsertd",
                "c.yaml:2:17: targets.main.host is missing, such as: host: "
                    + "https://my-index-abc123.svc.us-east-1-aws.pinecone.io",
            ])
    }

    @Test("the name of a target can stand in a file name and a label")
    func targetName() {
        #expect(
            problems(good.replacing("main", with: "a/b")) == [
                "c.yaml:5:3: the name of a target must have 1 to 64 letters, digits, - and _, is \"a/b\""
            ])
    }

    @Test("everything that is wrong is told at once, in the order of the lines")
    func allAtOnce() {
        let yaml = """
            spools:
              - directory: spool
                target: nobody
                settel: 2s
            queue: [1]
            status:
              socket: /run/\(String(repeating: "x", count: 110))
              mode: "0999"
            targets:
              main:
                host: ftp://x
                linger: 5
            log_level: loud
            """
        let found = problems(yaml)
        #expect(found.map { $0.split(separator: ":")[1] } == ["2", "3", "4", "5", "7", "8", "11", "12", "13"])
    }

    @Test("what is no YAML is told with its place")
    func notYAML() {
        let found = problems("targets:\n  main: {host: x\n")
        #expect(found.count == 1 && found[0].hasPrefix("c.yaml:3:1: not valid YAML: "))
        let twice = problems("targets: {}\ntargets: {}\n")
        #expect(twice.count == 1 && twice[0].hasSuffix("\"targets\" appears more than once in the same place"))
        #expect(problems("- a\n") == ["c.yaml:1:1: the file must be a mapping (key: value), is a list"])
    }

    @Test("terminal controls in a value do not reach the terminal")
    func escapes() {
        let found = problems(adding: "    \"li\\enger\": 1s", after: 6)
        #expect(
            found == [
                "c.yaml:7:5: unknown key \"li\\x1bnger\" in targets.main; did you mean \"linger\"?"
            ])
    }
}
