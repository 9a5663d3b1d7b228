import Glibc
import Testing
import UpsertCore
import UpsertTestSupport

@testable import UpsertDaemon

/// Lists what a check finds.
private final class Findings {
    var all: [RecordCheck.Finding] = []
}

@Suite("Checking files")
struct RecordCheckTests {
    private let directory = TemporaryDirectory()

    private func check(
        _ name: String, _ content: String, api: RecordAPI = .vectors, dimension: Int? = nil
    ) throws -> (accepted: Int, findings: [RecordCheck.Finding]) {
        let path = directory.path + "/" + name
        writeFile(path, content)
        let findings = Findings()
        var check = RecordCheck(api: api, dimension: dimension) { findings.all.append($0) }
        try check.check(path)
        #expect(check.refused == findings.all.count)
        return (check.accepted, findings.all)
    }

    @Test("lines are judged one by one, with line, id, place and code")
    func lines() throws {
        let result = try check(
            "x.ndjson",
            """
            {"id":"a","values":[1,2,3]}

            {"id":"b","values":[1,2]}
            {"id":"c","values":[1,"x",3]}
            {"id":"d","values":[1,2,3]
            """, dimension: 3)
        #expect(result.accepted == 1)
        #expect(result.findings.map(\.line) == [3, 4, 5])
        #expect(result.findings.map(\.rejection.code) == [.dimensionMismatch, .wrongType, .truncated])
        let text = result.findings[1].description
        #expect(text.hasPrefix("\(directory.path)/x.ndjson:4: id \"c\" /values/1: "))
        #expect(text.hasSuffix("(wrong_type)"))
    }

    @Test("a body is judged record by record, or refused whole where it is malformed")
    func body() throws {
        let good = try check(
            "x.json", "{\"vectors\":[{\"id\":\"a\",\"values\":[1]},\n{\"id\":\"b\"}],\"namespace\":\"n\"}")
        #expect(good.accepted == 1)
        #expect(good.findings.map(\.line) == [2] && good.findings[0].rejection.code == .noValues)
        let bad = try check("y.json", "[{\"id\":\"a\",\"values\":[1]},\n{\"id\":")
        #expect(bad.accepted == 0)
        #expect(bad.findings.map(\.line) == [2])
    }

    @Test("a body larger than a block is read with its elements whole")
    func largeBody() throws {
        let record = "{\"id\":\"a\",\"values\":[\(Array(repeating: "0.25", count: 700).joined(separator: ","))]}"
        let result = try check("x.json", "[" + Array(repeating: record, count: 200).joined(separator: ",\n") + "]")
        #expect(result.accepted == 200 && result.findings.isEmpty)
    }

    @Test("text records have rules of their own")
    func text() throws {
        let result = try check("x.jsonl", "{\"_id\":\"a\",\"chunk_text\":\"hi\"}\n{\"id\":5}\n", api: .records)
        #expect(result.accepted == 1 && result.findings.map(\.line) == [2])
    }

    @Test("a file of another kind, or none, is told")
    func unusable() {
        var check = RecordCheck(api: .vectors, dimension: nil) { _ in }
        #expect(throws: SpoolDropError.self) { try check.check(self.directory.path + "/x.csv") }
        #expect(throws: SpoolDropError.self) { try check.check(self.directory.path + "/absent.json") }
    }

    @Test("lines come out as they went in, however the reads are cut")
    func lineBuffer() throws {
        var random = TestRandom.forTest()
        for _ in 0..<TestEnvironment.runs(20) {
            // Some lines are longer than allowed, a few longer than what is read at once.
            let lines = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                let factor = Int.random(in: 0..<20, using: &random) == 0 ? 300 : 1
                return String(repeating: "x", count: Int.random(in: 0...2_000, using: &random) * factor)
            }
            let isTerminated = Bool.random(using: &random)
            let lineEnd = Bool.random(using: &random) ? "\r\n" : "\n"
            let path = directory.path + "/lines"
            writeFile(path, lines.joined(separator: lineEnd) + (isTerminated && !lines.isEmpty ? lineEnd : ""))
            let descriptor = open(path, O_RDONLY)
            defer { close(descriptor) }
            var buffer = LineBuffer(descriptor: descriptor, lineBytesMax: 1_000)
            var found: [String?] = []
            var numbers: [Int] = []
            try buffer.forEach { line, number, _ in
                found.append(line.map { String(decoding: $0, as: UTF8.self) })
                numbers.append(number)
            }
            var expected = lines.map { $0.utf8.count > 1_000 ? nil : Optional($0) }
            if !isTerminated, expected.last == .some("") { expected.removeLast() }
            #expect(found == expected)
            #expect(numbers == found.indices.map { $0 + 1 })
        }
    }
}
