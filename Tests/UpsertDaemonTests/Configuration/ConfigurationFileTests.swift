import Testing
import UpsertDaemon
import UpsertTestSupport

@Suite("Configuration files")
struct ConfigurationFileTests {
    private let example = sourceRoot + "/etc/upsertd.yaml"

    /// The example with every setting that is commented out put in force.
    private func uncommented() throws -> String {
        let text = try #require(readFile(example))
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            guard rest.first == "#", let next = rest.dropFirst().first, next != " ", next != "#" else {
                return String(line)
            }
            return String(indent + rest.dropFirst())
        }.joined(separator: "\n")
    }

    @Test("the example loads as it is shipped")
    func shipped() throws {
        let configuration = try DaemonConfiguration.load(path: example)
        #expect(configuration.spools.map(\.directory) == ["/var/spool/upsertd"])
        #expect(configuration.status.socket == StatusClient.defaultSocketPath)
    }

    @Test("the example loads with every setting in force, and what it shows as defaults are the defaults")
    func everySetting() throws {
        var full = try DaemonConfiguration(yaml: try uncommented(), file: "full.yaml")
        let shipped = try DaemonConfiguration.load(path: example)
        #expect(full.outboxes == [OutboxConfiguration(path: "/var/lib/myapp/app.db", target: "main")])
        #expect(full.targets[0].dimension == 768)
        // These are examples and say so; all others are defaults.
        full.outboxes = []
        full.status.readGroup = nil
        full.targets[0].apiKeyFile = nil
        full.targets[0].dimension = nil
        full.targets[0].caFile = nil
        #expect(full == shipped)
    }

    @Test("the example shows every setting there is")
    func complete() throws {
        let keys = [
            "spools", "directory", "target", "namespace", "settle", "max_file_size", "max_line_size", "keep_done",
            "outboxes", "path", "queue", "index_memory_max", "disk_reserve", "on_damage", "status", "socket", "mode",
            "admin_group", "read_group",
            "targets", "host", "api", "transport", "api_key_file", "dimension", "requests_in_flight_max", "connections",
            "linger", "request_timeout", "connect_timeout", "ambiguous_hold", "ca_file", "allow_plaintext",
            "shutdown_timeout", "log_level",
        ]
        let lines = try uncommented().split(separator: "\n").map { $0.drop { $0 == " " || $0 == "-" } }
        for key in keys { #expect(lines.contains { $0.hasPrefix(key + ":") }, "\(key) is not in the example") }
    }

    @Test("a file that cannot be read is told as such")
    func unreadable() {
        let directory = TemporaryDirectory()
        func problem(_ path: String) -> String? {
            do throws(ConfigurationErrors) {
                _ = try DaemonConfiguration.load(path: path)
                return nil
            } catch {
                return error.description
            }
        }
        let absent = directory.path + "/absent.yaml"
        #expect(problem(absent) == "\(absent): cannot be opened: No such file or directory")
        #expect(problem(directory.path) == "\(directory.path): is not a regular file")
        let large = directory.path + "/large.yaml"
        writeFile(large, String(repeating: "#", count: 1 << 20 + 1))
        #expect(problem(large) == "\(large): is larger than 1048576 bytes")
    }
}
