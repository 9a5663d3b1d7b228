import Glibc
import Testing
import UpsertStorage
import UpsertTestSupport

@testable import UpsertDaemon

@Suite("Handing files over")
struct SpoolDropTests {
    private let directory = TemporaryDirectory()
    private var incoming: String { directory.path + "/incoming" }

    init() { mkdir(directory.path + "/incoming", 0o755) }

    private func file(_ name: String, _ content: String = "{\"id\":\"a\"}\n") -> String {
        let path = directory.path + "/" + name
        writeFile(path, content, permissions: 0o600)
        return path
    }

    private func failure(_ body: () throws(SpoolDropError) -> Void) -> SpoolDropError? {
        do throws(SpoolDropError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    @Test("a file arrives whole under a name of its own, readable by the group, and nothing else is left")
    func arrives() throws {
        let content = String(repeating: "{\"id\":\"a\",\"values\":[1,2,3]}\n", count: 30_000)
        var drop = try SpoolDrop(spool: directory.path, namespace: nil)
        let first = try drop.drop(file("today.ndjson", content))
        let second = try drop.drop(file("today.ndjson", content))
        #expect(first != second)
        #expect(first.hasPrefix("today-") && first.hasSuffix(".ndjson"))
        #expect(names(in: incoming) == [first, second].sorted())
        #expect(readFile(incoming + "/" + first) == content)
        var status = stat()
        stat(incoming + "/" + first, &status)
        #expect(status.st_mode & 0o777 == 0o640)
    }

    @Test("files get change times in the order in which they are handed over")
    func order() throws {
        var drop = try SpoolDrop(spool: directory.path, namespace: nil)
        let path = file("a.json", "[]")
        var last = timespec()
        for _ in 0..<20 {
            let name = try drop.drop(path)
            var status = stat()
            stat(incoming + "/" + name, &status)
            #expect((status.st_ctim.tv_sec, status.st_ctim.tv_nsec) > (last.tv_sec, last.tv_nsec))
            last = status.st_ctim
        }
    }

    @Test("a namespace is a directory, which the group may change whatever the umask")
    func namespace() throws {
        var drop = try SpoolDrop(spool: directory.path, namespace: "a/b c")
        let name = try drop.drop(file("x.jsonl"))
        #expect(name.hasPrefix("a%2Fb%20c/x-"))
        #expect(readFile(incoming + "/" + name) != nil)
        var status = stat()
        stat(incoming + "/a%2Fb%20c", &status)
        #expect(status.st_mode & 0o070 == 0o070)
        var again = try SpoolDrop(spool: directory.path, namespace: "")
        #expect(try again.drop(file("x.jsonl")).hasPrefix("__default__/"))
        let long = failure { () throws(SpoolDropError) in
            _ = try SpoolDrop(spool: directory.path, namespace: String(repeating: "/", count: 70))
        }
        #expect(long?.code == .invalid)
    }

    @Test(
        "the name stays one that the spool takes, at most 140 bytes and not hidden",
        arguments: [
            (".hidden.ndjson", "hidden-"), ("...json", "file-"), ("..json", "file-"),
            (String(repeating: "n", count: 250) + ".ndjson", String(repeating: "n", count: 100)),
        ])
    func uniqueName(name: String, start: String) {
        let unique = SpoolDrop.uniqueName(PathBytes(name))
        #expect(unique.text.hasPrefix(start))
        #expect(unique.bytes.count <= 140)
        #expect(SpoolFormat(name: unique) != nil && !SpoolFormat.ignores(unique))
    }

    @Test("what cannot be handed over is told, and leaves nothing behind")
    func failures() throws {
        var drop = try SpoolDrop(spool: directory.path, namespace: nil)
        let wrong = failure { () throws(SpoolDropError) in _ = try drop.drop(file("x.csv")) }
        #expect(wrong?.code == .invalid)
        #expect(wrong?.description.hasSuffix("has none of the extensions .ndjson .jsonl .json") == true)
        let absent = failure { () throws(SpoolDropError) in _ = try drop.drop(directory.path + "/absent.json") }
        #expect(absent?.code == .unusable)
        mkdir(directory.path + "/d.json", 0o755)
        let folder = failure { () throws(SpoolDropError) in _ = try drop.drop(directory.path + "/d.json") }
        #expect(folder?.code == .unusable)
        #expect(names(in: incoming).isEmpty)
        let spool = failure { () throws(SpoolDropError) in
            _ = try SpoolDrop(spool: directory.path + "/nowhere", namespace: nil)
        }
        #expect(spool?.code == .unusable)
    }
}
