import Glibc
import Synchronization
import Testing
import UpsertDaemon
import UpsertHTTP
import UpsertTestSupport

@testable import UpsertStorage

/// The program itself, against a scripted daemon behind a real socket.
@Suite("upsertctl")
struct UpsertctlTests {
    private let directory = TemporaryDirectory()
    private var socket: String { directory.path + "/status.sock" }

    private func run(_ arguments: String..., input: String = "") async -> ProcessResult {
        await runProgram("upsertctl", arguments, in: directory.path, input: input)
    }

    /// Serves a scripted daemon while `body` runs.
    private func serving(_ daemon: ScriptedDaemon, _ body: () async throws -> Void) async throws {
        let routes = StatusRoutes(daemon.interface, access: OperatorAccess(adminGroup: "root"))
        let listener = try await HTTPListener.bind(.unix(path: socket, mode: 0o600)) { await routes.answer($0) }
        do {
            try await body()
        } catch {
            await listener.close(grace: .zero)
            throw error
        }
        await listener.close(grace: .seconds(1))
    }

    @Test(
        "without a daemon it says where it looked, and exits with 69",
        arguments: [
            ["status"], ["receipt", "1"], ["pause"], ["quarantine", "list"], ["put", "x.ndjson", "--wait"],
        ])
    func unreachable(arguments: [String]) async {
        let result = await runProgram("upsertctl", ["--socket", socket] + arguments, in: directory.path)
        #expect(result.status == 69)
        #expect(
            result.errors == "upsertctl: upsertd cannot be reached at \(socket): connect: No such file or directory\n")
        let after = await runProgram("upsertctl", arguments + ["--socket", socket], in: directory.path)
        #expect(after.status == 69 && after.errors == result.errors, "--socket may stand at either end")
    }

    @Test(
        "wrong usage exits with 64",
        arguments: [
            ["statu"], ["quarantine", "drop"], ["quarantine", "drop", "1", "--all"],
            ["check", "x.json", "--dimension", "0"],
            ["put", "x.ndjson", "--timeout", "5"], ["put"],
        ])
    func usage(arguments: [String]) async {
        #expect(await runProgram("upsertctl", arguments, in: directory.path).status == 64)
    }

    @Test("status is for people, or the daemon's JSON as it is")
    func status() async throws {
        try await serving(ScriptedDaemon()) {
            let text = await run("--socket", socket, "status")
            #expect(text.status == 0 && text.output == StatusText.render(fullReport()) + "\n")
            let json = await run("--socket", socket, "status", "--json")
            let decoded = try StatusJSON.decode(StatusReport.self, from: Array(json.output.utf8))
            #expect(decoded == fullReport())
        }
    }

    @Test("put hands files over to the daemon's only spool and waits for their receipts; refusals exit with 65")
    func put() async throws {
        let daemon = ScriptedDaemon()
        daemon.report.withLock { $0.spools[0].directory = directory.path }
        mkdir(directory.path + "/incoming", 0o755)
        writeFile(directory.path + "/a.ndjson", "{}\n")
        try await serving(daemon) {
            let plain = await run("--socket", socket, "put", directory.path + "/a.ndjson")
            #expect(plain.status == 0)
            let name = String(plain.output.dropLast())
            #expect(readFile(directory.path + "/incoming/" + name) == "{}\n")
            let waited = await run("--socket", socket, "put", "-", "--namespace", "n", "--wait", input: "{\"id\":1}\n")
            #expect(waited.status == 65, "the scripted receipt has a refused record")
            let lines = waited.output.split(separator: "\n").map(String.init)
            #expect(lines.count == 2 && lines[0].hasPrefix("n/stdin-"))
            #expect(lines[1].hasPrefix(lines[0] + ": settled; 10 accepted"))
            #expect(readFile(directory.path + "/incoming/" + lines[0]) == "{\"id\":1}\n")
            let late = await run("--socket", socket, "put", "-", "--wait", "--timeout", "0s")
            #expect(late.status == 65, "what is settled already is seen however short the time")
        }
    }

    @Test("put needs no daemon where the spool is named and nothing is waited for")
    func putAlone() async {
        mkdir(directory.path + "/incoming", 0o755)
        let result = await run("put", "-", "--spool", directory.path, input: "{}\n")
        #expect(result.status == 0 && names(in: directory.path + "/incoming") == [String(result.output.dropLast())])
        #expect(await run("put", directory.path + "/absent.json", "--spool", directory.path).status == 66)
    }

    @Test("put exits with 75 when time runs out")
    func putTimesOut() async throws {
        mkdir(directory.path + "/incoming", 0o755)
        let daemon = ScriptedDaemon()
        daemon.pendingReceipts.withLock { $0 = true }
        try await serving(daemon) {
            let result = await run(
                "--socket", socket, "put", "-", "--spool", directory.path, "--wait", "--timeout", "50ms")
            #expect(result.status == 75)
            #expect(result.errors == "upsertctl: 1 of 1 files are not settled yet; nothing is lost\n")
        }
    }

    @Test("check tells what would be refused, without a daemon, and exits with 65")
    func check() async {
        let result = await run(
            "check", "-", "--dimension", "2", input: "{\"id\":\"a\",\"values\":[1,2]}\n{\"id\":\"b\"}\n")
        #expect(result.status == 65)
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 2 && lines[0].hasPrefix("standard input:2: id \"b\""))
        #expect(lines.last == "1 good, 1 refused")
        #expect(await run("check", "-", input: "{\"id\":\"a\",\"values\":[1,2]}\n").status == 0)
    }

    @Test("check-config tells every problem on a line of its own, and exits with 78")
    func checkConfig() async {
        let path = directory.path + "/c.yaml"
        writeFile(path, "targets: {main: {host: a.svc.pinecone.io, linger: 5}}\nspools: [{directory: /s, target: x}]\n")
        let bad = await run("check-config", path)
        #expect(bad.status == 78)
        let lines = bad.errors.split(separator: "\n")
        #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix(path + ":") })
        let good = await run("check-config", sourceRoot + "/etc/upsertd.yaml")
        #expect(good.status == 0 && good.output.hasSuffix("etc/upsertd.yaml: good; 1 target, 1 spool, 0 outboxes\n"))
    }

    @Test("the quarantine is listed, shown, retried, dropped and exported")
    func quarantine() async throws {
        let daemon = ScriptedDaemon()
        daemon.entries.withLock { $0 = (1...3).map { quarantineEntry($0) } }
        try await serving(daemon) {
            let list = await run("--socket", socket, "quarantine", "list")
            #expect(list.output.hasPrefix("3 records of target main in the default namespace: Vector dimension"))
            let json = await run("quarantine", "list", "--json", "--socket", socket)
            let page = try StatusJSON.decode(QuarantinePage.self, from: Array(json.output.utf8))
            #expect(page.quarantine.count == 3)
            let record = #"{"namespace":"__default__","id":"doc-1","values":[1.50,2]}"# + "\n"
            let show = await run("quarantine", "show", "2", "--socket", socket)
            #expect(show.output.hasSuffix("\n\n" + record))
            let export = await run("quarantine", "export", "--all", "--socket", socket)
            #expect(export.output == record + record + record)
            let retry = await run("quarantine", "retry", "1", "2", "--force", "--socket", socket)
            #expect(retry.output == "retried 2 of 2\n")
            let drop = await run("quarantine", "drop", "--all", "--socket", socket)
            #expect(drop.output == "dropped 3 of 3\n")
            #expect(
                daemon.calls.withLock { $0.filter { $0.hasPrefix("retry") || $0.hasPrefix("drop") } } == [
                    "retry [1, 2] true", "drop [1, 2, 3]",
                ])
            #expect(await run("quarantine", "show", "9", "--socket", socket).status == 66)
        }
    }

    @Test("the quarantine is chosen by target, namespace and reason")
    func quarantineFilter() async throws {
        let daemon = ScriptedDaemon()
        daemon.entries.withLock {
            $0 = [
                quarantineEntry(1, reason: "Bad colour 7"), quarantineEntry(2, reason: "bad size"),
                quarantineEntry(3, reason: "bad COLOUR 9"),
            ]
        }
        try await serving(daemon) {
            func retry(_ arguments: String...) async -> ProcessResult {
                await runProgram(
                    "upsertctl", ["quarantine", "retry"] + arguments + ["--socket", socket], in: directory.path)
            }
            #expect(await retry("--reason", "colour").output == "retried 2 of 2\n")
            #expect(await retry("--target", "other").output == "retried 0 of 0\n")
            #expect(await retry("--namespace", "__default__", "--reason", "size").output == "retried 1 of 1\n")
            #expect(await retry("1", "--reason", "size").status == 64)
            #expect(await retry().status == 64)
            #expect(
                daemon.calls.withLock { $0.filter { $0.hasPrefix("retry") } } == [
                    "retry [1, 3] false", "retry [2] false",
                ])
            let list = await run("quarantine", "list", "--reason", "SIZE", "--socket", socket)
            #expect(list.output.hasPrefix("1 record of target main in the default namespace: bad size"))
        }
    }

    @Test("an export is a new file that can be dropped again; what exists is not overwritten")
    func quarantineExport() async throws {
        let daemon = ScriptedDaemon()
        daemon.entries.withLock { $0 = (1...3).map { quarantineEntry($0) } }
        let path = directory.path + "/out.ndjson"
        let record = #"{"namespace":"__default__","id":"doc-1","values":[1.50,2]}"# + "\n"
        try await serving(daemon) {
            let result = await run("quarantine", "export", "--current", path, "--socket", socket)
            #expect(result.output == "wrote 2 records to \(path)\n" && readFile(path) == record + record)
            #expect(await run("quarantine", "export", path, "--socket", socket).status == 66)
            #expect(await run("quarantine", "export", "3", "-", "--socket", socket).output == record)
            #expect(await run("check", path).status == 0)
            #expect(!names(in: directory.path).contains("out.ndjson.part"))
        }
    }

    @Test("a record is mended in the editor or from a file, and unchanged or superseded ones are left")
    func quarantineMend() async throws {
        let daemon = ScriptedDaemon()
        daemon.entries.withLock { $0 = (1...2).map { quarantineEntry($0) } }
        let path = directory.path + "/mended.json"
        writeFile(path, #"{"id":"doc-1","values":[3]}"#)
        try await serving(daemon) {
            let from = await run("quarantine", "retry", "1", "--from", path, "--socket", socket)
            #expect(from.output == "submitted in the place of record 1; see upsertctl receipt quarantine-1\n")
            func edit(_ editor: String) async -> Int32 {
                await runProgram(
                    "upsertctl", ["quarantine", "retry", "1", "--edit", "--socket", socket], in: directory.path,
                    environment: ["VISUAL=\(editor)"]
                ).status
            }
            #expect(await edit("sed -i s/1.50/2.50/") == 0)
            #expect(await edit("true") == 65)
            #expect(await edit("false") == 66)
            let superseded = await run("quarantine", "retry", "2", "--from", path, "--socket", socket)
            #expect(superseded.status == 65 && superseded.errors.contains("superseded by a newer write"))
            #expect(await run("quarantine", "retry", "1", "2", "--edit", "--socket", socket).status == 64)
            #expect(
                daemon.calls.withLock { $0.filter { $0.hasPrefix("replace") } } == [
                    #"replace 1 {"id":"doc-1","values":[3]}"#,
                    #"replace 1 {"namespace":"__default__","id":"doc-1","values":[2.50,2]}"# + "\n",
                ])
        }
    }

    @Test(
        "the daemon's refusals have exit statuses of their own",
        arguments: [
            (OperatorError(.notFound, "there is no target x") as any Error, 66),
            (QueueError(.refused, "superseded"), 65),
            (OperatorError(.unavailable, "starting"), 69), (OperatorError(.invalid, "no"), 64),
            (ConfigurationErrors([ConfigurationProblem(file: "c", line: 1, column: 2, message: "bad")]), 78),
        ])
    func refusals(error: any Error, status: Int) async throws {
        let daemon = ScriptedDaemon()
        daemon.failure.withLock { $0 = error }
        try await serving(daemon) {
            let result = await run("--socket", socket, "reload")
            #expect(Int(result.status) == status && result.errors == "upsertctl: \(error)\n")
        }
    }

    @Test("an outbox is made, and made again without harm")
    func outbox() async {
        let path = directory.path + "/app.db"
        for _ in 0..<2 { #expect(await run("outbox", "init", path).status == 0) }
        #expect(readFile(path)?.hasPrefix("SQLite format 3") == true)
        #expect(await run("outbox", "init", directory.path + "/no/where.db").status == 74)
    }
}
