import Glibc
import Testing
import UpsertDaemon
import UpsertTestSupport

@Suite("systemd files")
struct SystemdFilesTests {
    private let directory = TemporaryDirectory()

    private func unit() throws -> String { try #require(readFile(sourceRoot + "/systemd/upsertd.service")) }

    /// The values of a directive, in order.
    private func values(_ name: String) throws -> [String] {
        try unit().split(separator: "\n").filter { $0.hasPrefix(name + "=") }.map {
            String($0.dropFirst(name.count + 1))
        }
    }

    @Test("the unit says nothing that systemd does not understand", .enabled(if: hasSystemdAnalyze))
    func verify() async throws {
        // The programs are not installed here; what is verified is everything else.
        let lines = try unit().replacing("/usr/bin/upsertctl", with: "/bin/true").replacing(
            "/usr/bin/upsertd", with: "/bin/true"
        ).replacing("/usr/lib/upsertd/refresh-credentials", with: "/bin/true")
        writeFile(directory.path + "/upsertd.service", lines)
        for name in ["upsertd.socket", "upsertd-control.socket", "upsertd-sockets.target", "upsertd-failed.target"] {
            writeFile(directory.path + "/" + name, try #require(readFile(sourceRoot + "/systemd/" + name)))
        }
        let result = await runProgram(
            systemdAnalyze, ["verify", "--man=no", directory.path + "/upsertd.service"], in: directory.path)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    }

    @Test("the unit and the configuration fit together")
    func fits() throws {
        let configuration = try DaemonConfiguration.load(path: sourceRoot + "/etc/upsertd.yaml")
        let stop = try #require(values("TimeoutStopSec").first)
        #expect(try .seconds(#require(Int(stop.dropLast()))) > configuration.shutdownTimeout)
        #expect(
            try values("LoadCredential") == configuration.targets.map { "\($0.name).key:/etc/upsertd/\($0.name).key" })
        #expect(try values("StateDirectory").map { "/var/lib/" + $0 } == [configuration.queue.directory])
        let runtime = try values("RuntimeDirectory").map { "/run/\($0)/" }
        #expect(configuration.status.socket?.hasPrefix(try #require(runtime.first)) == true)
        #expect(try values("ReadWritePaths") == configuration.spools.map { "-" + $0.directory })
        #expect(try values("RestartPreventExitStatus") == ["64 78"])
        let sockets = try ["upsertd", "upsertd-control"].map { name in
            try #require(readFile(sourceRoot + "/systemd/\(name).socket")).split(separator: "\n").filter {
                $0.hasPrefix("ListenStream=")
            }
        }
        let socket = try #require(configuration.status.socket)
        let control = StatusClient(socketPath: socket).controlPath
        #expect(sockets == [["ListenStream=\(socket)"], ["ListenStream=\(control)"]])
    }

    @Test("the catalog explains every event, by fields that it has")
    func catalog() throws {
        let text = try #require(readFile(sourceRoot + "/systemd/upsertd.catalog"))
        var explained: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("-- ") { explained.append(String(line.dropFirst(3))) }
            guard let event = explained.last.flatMap(OperatorEvent.init) else { continue }
            for name in line.split(separator: "@", omittingEmptySubsequences: false).dropFirst()
            where name.hasPrefix("UPSERTD_") {
                #expect(event.fields.contains(name.dropFirst(8).lowercased()), "\(event): @\(name)@")
            }
        }
        #expect(explained.sorted() == OperatorEvent.allCases.map(\.rawValue).sorted())
        #expect(text.split(separator: "\n").count { $0.hasPrefix("Subject: ") } == OperatorEvent.allCases.count)
    }

    @Test("users, groups and directories that are named somewhere are made")
    func accounts() throws {
        let sysusers = try #require(readFile(sourceRoot + "/systemd/upsertd.sysusers")).split(separator: "\n")
        let made = Set(sysusers.filter { $0.hasPrefix("u ") || $0.hasPrefix("g ") }.map { $0.split(separator: " ")[1] })
        let configuration = try DaemonConfiguration.load(path: sourceRoot + "/etc/upsertd.yaml")
        #expect(made.contains(Substring(configuration.status.adminGroup)))
        #expect(try values("User").allSatisfy { made.contains(Substring($0)) })
        let tmpfiles = try #require(readFile(sourceRoot + "/systemd/upsertd.tmpfiles")).split(separator: "\n")
        for line in tmpfiles where line.hasPrefix("d /var") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            #expect(made.contains(words[3]) && made.contains(words[4]), "\(line)")
        }
        let directories = ["", "/incoming", "/claimed", "/rejected", "/done"].map {
            configuration.spools[0].directory + $0
        }
        for directory in directories {
            #expect(tmpfiles.contains { $0.hasPrefix("d \(directory) ") }, "\(directory)")
        }
    }
}

private let systemdAnalyze = "/usr/bin/systemd-analyze"
private let hasSystemdAnalyze = access(systemdAnalyze, X_OK) == 0
