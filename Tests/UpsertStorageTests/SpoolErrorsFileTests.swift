import Glibc
import Testing
import UpsertCore

@testable import UpsertStorage

@Suite struct SpoolErrorsFileTests {
    let fixture = SpoolFixture()

    func claim(_ spool: Spool, _ name: String = "a.ndjson", namespace: String? = nil) throws -> ClaimedFile {
        let place = namespace.map { $0 + "/" } ?? ""
        if let namespace { mkdir(fixture.path + "/incoming/" + namespace, 0o755) }
        fixture.write("content", to: "incoming/\(place)\(name)")
        return try #require(try fixture.claimAll(spool).last)
    }

    func refuse(
        _ errors: ErrorsFile, _ text: [UInt8], line: Int? = 1, isWhole: Bool = true,
        _ rejection: Rejection = Rejection(.malformed, "no")
    ) throws -> Bool {
        try text.withUnsafeBytes {
            try errors.append(Refusal(line: line, offset: 7, rejection: rejection, text: $0, isWhole: isWhole))
        }
    }

    @Test func aRefusalIsOneLineWithEveryField() throws {
        let spool = try fixture.spool()
        let claim = try claim(spool, namespace: "ns")
        let errors = ErrorsFile(for: claim, in: spool, submission: 17)
        #expect(fixture.names("rejected").isEmpty && errors.name == nil)
        let rejection = Rejection(.idTooLong, at: "/id", "the id has \"600\" bytes", id: "é\u{2028}")
        #expect(try refuse(errors, Array(#"{"id":"\n"}"#.utf8) + [9, 0x7F, 0xFF], line: 3, rejection) == false)
        let length = try errors.sync()
        #expect(errors.name == "ns/a.ndjson.errors.ndjson")
        let expected = #"""
            {"file":"ns/a.ndjson","submission":17,"line":3,"offset":7,"id":"é\u2028","pointer":"/id","code":"id_too_long",\#
            "reason":"the id has \"600\" bytes","text":"{\"id\":\"\\n\"}\t\u007f�"}

            """#
        #expect(fixture.read("rejected/ns/a.ndjson.errors.ndjson") == expected)
        #expect(length == expected.utf8.count)
    }

    @Test func everyLineIsJSONThatAnotherProgramReads() throws {
        let spool = try fixture.spool()
        let errors = ErrorsFile(for: try claim(spool), in: spool, submission: 1)
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = TestGenerator(state: seed)
        var texts: [[UInt8]] = [Array(UInt8.min...UInt8.max), Array("\u{2029}\u{10FFFF}\u{0}".utf8)]
        for _ in 0..<300 { texts.append((0..<40).map { _ in UInt8.random(in: 0...255, using: &generator) }) }
        for text in texts { _ = try refuse(errors, text) }
        _ = try errors.sync()
        // One line for readers that split at Unicode line separators too; the same text as a lenient decoder sees it.
        let script = """
            import json,sys
            lines = open(sys.argv[1], encoding='utf-8', newline='').read().splitlines()
            assert len(lines) == 302, len(lines)
            records = [json.loads(line) for line in lines]
            assert all(r['text_truncated'] if 'text_truncated' in r else True for r in records)
            assert records[1]['text'] == '\\u2029\\U0010ffff\\x00', records[1]
            assert records[0]['text'][:128] == ''.join(map(chr, range(128)))
            """
        #expect(fixture.run("python3", "-c", script, fixture.path + "/rejected/a.ndjson.errors.ndjson") == 0)
    }

    @Test func aSecondFileOfTheSameNameGetsItsNumber() throws {
        let spool = try fixture.spool()
        var names: [String?] = []
        for _ in 0..<3 {
            let claim = try claim(spool)
            let errors = ErrorsFile(for: claim, in: spool, submission: claim.sequence)
            _ = try refuse(errors, [])
            _ = try errors.sync()
            names.append(errors.name)
            _ = try spool.finish(claim, consumed: nil)
        }
        #expect(
            names == [
                "a.ndjson.errors.ndjson", "a.ndjson.000000000002.errors.ndjson", "a.ndjson.000000000003.errors.ndjson",
            ])
    }

    @Test(arguments: [(1 << 20) - 1, 1 << 20, (1 << 20) + 1]) func textAboveOneMebibyteIsCut(_ count: Int) throws {
        let spool = try fixture.spool()
        let errors = ErrorsFile(for: try claim(spool), in: spool, submission: 1)
        #expect(try refuse(errors, Array(repeating: UInt8(ascii: "Z"), count: count)) == (count > 1 << 20))
        _ = try errors.sync()
        let content = try #require(fixture.read("rejected/a.ndjson.errors.ndjson"))
        #expect(content.hasSuffix(count > 1 << 20 ? "Z\",\"text_truncated\":true}\n" : "Z\"}\n"))
        #expect(content.utf8.count { $0 == UInt8(ascii: "Z") } == min(count, 1 << 20))
    }

    @Test func textIsCutBetweenCharacters() throws {
        let spool = try fixture.spool()
        let errors = ErrorsFile(for: try claim(spool), in: spool, submission: 1)
        #expect(try refuse(errors, Array("x".utf8) + Array(String(repeating: "é", count: 1 << 19).utf8)))
        _ = try errors.sync()
        #expect(fixture.read("rejected/a.ndjson.errors.ndjson")?.contains("\u{FFFD}") == false)
    }

    @Test func anExcerptOfALongLineIsMarked() throws {
        let spool = try fixture.spool()
        let errors = ErrorsFile(for: try claim(spool), in: spool, submission: 1)
        #expect(try refuse(errors, [65], isWhole: false))
        _ = try errors.sync()
        #expect(fixture.read("rejected/a.ndjson.errors.ndjson")?.hasSuffix("\"A\",\"text_truncated\":true}\n") == true)
    }

    @Test func aStartCutsOffWhatWasNotCommitted() throws {
        let spool = try fixture.spool()
        let claim = try claim(spool)
        let first = ErrorsFile(for: claim, in: spool, submission: 1)
        _ = try refuse(first, Array("one".utf8))
        let committed = try first.sync()
        _ = try refuse(first, Array(String(repeating: "two", count: 100).utf8))
        _ = try first.sync()
        let second = try ErrorsFile(resuming: claim, in: spool, submission: 1, name: first.name, length: committed)
        #expect(second.length == committed)
        _ = try refuse(second, Array("three".utf8))
        #expect(try second.sync() == fixture.read("rejected/a.ndjson.errors.ndjson")?.utf8.count)
        let content = try #require(fixture.read("rejected/a.ndjson.errors.ndjson"))
        #expect(content.contains("\"one\"") && !content.contains("two") && content.contains("\"three\""))
    }

    @Test func aStartRemovesAnErrorsFileThatWasNeverCommittedButNoOther() throws {
        let spool = try fixture.spool()
        let earlier = try claim(spool)
        let kept = ErrorsFile(for: earlier, in: spool, submission: earlier.sequence)
        _ = try refuse(kept, [65])
        _ = try kept.sync()
        _ = try spool.finish(earlier, consumed: nil)

        let claim = try claim(spool)
        let lost = ErrorsFile(for: claim, in: spool, submission: claim.sequence)
        _ = try refuse(lost, [66])
        _ = try lost.sync()
        #expect(fixture.names("rejected").count == 2)
        _ = try ErrorsFile(resuming: claim, in: spool, submission: claim.sequence, name: nil, length: 0)
        #expect(fixture.names("rejected") == ["a.ndjson.errors.ndjson"])
        // Its own under the first name goes too, and so does one that a crash left empty.
        _ = try ErrorsFile(resuming: earlier, in: spool, submission: earlier.sequence, name: nil, length: 0)
        #expect(fixture.names("rejected").isEmpty)
        fixture.write("", to: "rejected/a.ndjson.errors.ndjson")
        _ = try ErrorsFile(resuming: earlier, in: spool, submission: earlier.sequence, name: nil, length: 0)
        #expect(fixture.names("rejected").isEmpty)
    }

    @Test func anErrorsFileThatAnOperatorTookAwayIsBegunAnew() throws {
        let spool = try fixture.spool()
        let claim = try claim(spool)
        let errors = try ErrorsFile(resuming: claim, in: spool, submission: 1, name: "gone.errors.ndjson", length: 99)
        #expect(errors.length == 0)
        _ = try refuse(errors, [65])
        #expect(try errors.sync() > 0)
        #expect(errors.name == "a.ndjson.errors.ndjson")
    }

    @Test func theFileIsSyncedOnceAndItsDirectoryOnlyAfterItsCreation() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        let errors = ErrorsFile(for: try claim(spool), in: spool, submission: 1)
        fault.forgetCalls()
        #expect(try errors.sync() == 0)
        for _ in 0..<2 {
            for _ in 0..<10 { _ = try refuse(errors, [65]) }
            _ = try errors.sync()
        }
        _ = try errors.sync()
        let file = "\(fixture.path)/rejected/a.ndjson.errors.ndjson"
        let syncs = fault.calls.filter { $0.hasPrefix("sync") }
        #expect(syncs == ["sync \(file)", "sync directory \(fixture.path)/rejected", "sync \(file)"])
    }

    @Test func aFullDiskCanBeTriedAgainAndWritesNothingTwice() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        let errors = ErrorsFile(for: try claim(spool), in: spool, submission: 1)
        _ = try refuse(errors, [65])
        fault.arm(.write, ENOSPC)
        let error = #expect(throws: FileError.self) { try errors.sync() }
        #expect(error?.isFull == true)
        fault.disarm()
        #expect(try errors.sync() == fixture.read("rejected/a.ndjson.errors.ndjson")?.utf8.count)
        #expect(fixture.read("rejected/a.ndjson.errors.ndjson")?.split(separator: "\n").count == 1)
    }

    @Test(arguments: [FileOperation.syncFile, .syncDirectory]) func aFailedSyncIsFinal(_ operation: FileOperation)
        throws
    {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        let errors = ErrorsFile(for: try claim(spool), in: spool, submission: 1)
        _ = try refuse(errors, [65])
        fault.arm(operation, containing: "rejected", EIO)
        #expect(throws: FileError.self) { try errors.sync() }
        fault.disarm()
        #expect(throws: FileError.self) { try errors.sync() }
        #expect(throws: FileError.self) { try refuse(errors, [66]) }
        #expect(errors.length == 0)
    }

    /// Every state in which a crash can leave a claim, its row and its errors file, and what a start must make of it.
    @Test(arguments: [false, true], ["none", "partial", "finished"])
    func everyCombinationOfFileAndRowEndsTheSame(_ isFileThere: Bool, _ row: String) throws {
        let spool = try fixture.spool()
        let claim = try claim(spool)
        let errors = ErrorsFile(for: claim, in: spool, submission: 1)
        _ = try refuse(errors, [65])
        let length = try errors.sync()
        if !isFileThere { unlink(fixture.path + "/claimed/" + claim.stored.stored.text) }

        let next = try fixture.spool()
        let found = try next.recover().claims
        #expect(found.map(\.stored) == (isFileThere ? [claim.stored] : []))
        switch row {
        case "finished":
            #expect(try next.finish(claim, consumed: 7) == (isFileThere ? .finished : .absent))
        case "partial" where isFileThere:
            let resumed = try ErrorsFile(resuming: claim, in: next, submission: 1, name: errors.name, length: length)
            let reader = ClaimReader()
            try reader.open(claim, in: next, at: ClaimPosition(offset: 3, line: 1))
            #expect(try reader.next().map { String(decoding: $0.bytes, as: UTF8.self) } == "tent")
            #expect(try resumed.sync() == length)
            #expect(try next.finish(claim, consumed: reader.position.offset) == .finished)
        case "none" where isFileThere:
            _ = try ErrorsFile(resuming: claim, in: next, submission: 1, name: nil, length: 0)
            #expect(fixture.names("rejected").isEmpty)
            #expect(try next.finish(claim, consumed: 7) == .finished)
        default:
            #expect(throws: FileError.self) { try ClaimReader().open(claim, in: next) }
            #expect(try next.finish(claim, consumed: 7) == .absent)
        }
        try next.syncClaimed()
        #expect(fixture.names("claimed").isEmpty)
    }
}
