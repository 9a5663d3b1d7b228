import Glibc
import Synchronization
import Testing

@testable import UpsertStorage

/// A line as a value.
struct SeenLine: Equatable, CustomStringConvertible {
    var text: String
    var number: Int
    var offset: Int
    var ending: ClaimLine.Ending

    init(_ line: ClaimLine) {
        text = String(decoding: line.bytes, as: UTF8.self)
        number = line.number
        offset = line.offset
        ending = line.ending
        // The padding must be readable and must not look like data.
        let behind = line.bytes.baseAddress! + line.bytes.count
        for offset in 0..<ClaimReader.padding { _ = behind.load(fromByteOffset: offset, as: UInt8.self) }
    }

    init(_ text: String, _ number: Int, _ offset: Int, _ ending: ClaimLine.Ending = .newline) {
        self.text = text
        self.number = number
        self.offset = offset
        self.ending = ending
    }

    var description: String { "\(number)@\(offset) \(text.prefix(40)) \(ending)" }
}

@Suite struct SpoolReaderTests {
    let fixture = SpoolFixture()

    /// A spool with one claim of this content.
    func claim(_ content: [UInt8]) throws -> (Spool, ClaimedFile) {
        let spool = try fixture.spool()
        fixture.write(content, to: "claimed/000000000001-a.ndjson")
        return (spool, try #require(try spool.recover().claims.first))
    }

    func lines(
        _ content: String, from position: ClaimPosition = .start, lineBytesMax: Int = 1_000, blockBytes: Int = 8
    ) throws -> [SeenLine] {
        let (spool, claim) = try claim(Array(content.utf8))
        let reader = ClaimReader(lineBytesMax: lineBytesMax, blockBytes: blockBytes)
        try reader.open(claim, in: spool, at: position)
        return try rest(reader)
    }

    func rest(_ reader: ClaimReader) throws -> [SeenLine] {
        var lines: [SeenLine] = []
        while let line = try reader.next() { lines.append(SeenLine(line)) }
        return lines
    }

    @Test func everyLineComesWithItsNumberAndOffset() throws {
        #expect(
            try lines("one\n\ntwo\r\n\r\nthree") == [
                SeenLine("one", 1, 0), SeenLine("", 2, 4), SeenLine("two", 3, 5), SeenLine("", 4, 10),
                SeenLine("three", 5, 12, .endOfFile),
            ])
        #expect(try lines("one\n") == [SeenLine("one", 1, 0)])
        #expect(try lines("") == [])
        #expect(try lines("a\rb\n") == [SeenLine("a\rb", 1, 0)])
    }

    @Test func aByteOrderMarkAtTheFrontIsSkipped() throws {
        #expect(try lines("\u{FEFF}{}\nx\n") == [SeenLine("{}", 1, 3), SeenLine("x", 2, 6)])
        #expect(try lines("\u{FEFF}") == [])
        #expect(try lines("x\n\u{FEFF}y\n", from: ClaimPosition(offset: 2, line: 1)) == [SeenLine("\u{FEFF}y", 2, 2)])
        let (spool, claim) = try claim([0xEF, 0xBB])
        let reader = ClaimReader()
        try reader.open(claim, in: spool)
        #expect(try rest(reader).count == 1)
    }

    @Test func readingResumesAtAnyLine() throws {
        let content = (0..<200).map { String(repeating: "x", count: $0 % 23) + "\($0)\($0 % 3 == 0 ? "\r" : "")\n" }
            .joined()
        let all = try lines(content)
        #expect(all.count == 200)
        for from in 0..<200 {
            let position = ClaimPosition(offset: all[from].offset, line: from)
            #expect(try lines(content, from: position) == Array(all[from...]))
        }
    }

    @Test func thePositionAfterALineIsWhereTheNextBegins() throws {
        let content = "a\nbb\r\n" + String(repeating: "c", count: 50) + "\nd"
        let (spool, claim) = try claim(Array(content.utf8))
        let reader = ClaimReader(lineBytesMax: 20, blockBytes: 8)
        try reader.open(claim, in: spool)
        var positions: [ClaimPosition] = [reader.position]
        while try reader.next() != nil { positions.append(reader.position) }
        #expect(positions.map(\.offset) == [0, 2, 6, 57, 58])
        #expect(positions.map(\.line) == [0, 1, 2, 3, 4])
    }

    @Test(arguments: [15, 16, 17, 18, 40, 1_000], [4, 8, 17, 18, 64]) func theLineCapIsExact(
        _ length: Int, _ blockBytes: Int
    ) throws {
        let text = String(repeating: "x", count: length)
        for end in ["\n", "\r\n", ""] {
            let seen = try lines("\(text)\(end)next\n", lineBytesMax: 16, blockBytes: blockBytes)
            if end == "" {
                let joined = text + "next"
                #expect(
                    seen.count == 1
                        && seen[0].ending == (joined.utf8.count > 16 ? .tooLong(joined.utf8.count) : .newline))
                continue
            }
            #expect(seen.count == 2)
            #expect(seen[0].ending == (length > 16 ? .tooLong(length) : .newline), "\(length) \(end.utf8.count)")
            #expect(text.hasPrefix(seen[0].text) && seen[0].text.utf8.count >= min(length, 16))
            #expect(seen[1] == SeenLine("next", 2, length + end.utf8.count))
        }
    }

    @Test func anUnterminatedLineAboveTheCapIsTooLong() throws {
        #expect(try lines(String(repeating: "x", count: 17), lineBytesMax: 16).map(\.ending) == [.tooLong(17)])
        #expect(try lines(String(repeating: "x", count: 16), lineBytesMax: 16).map(\.ending) == [.endOfFile])
        #expect(try lines(String(repeating: "x", count: 999), lineBytesMax: 16).map(\.ending) == [.tooLong(999)])
    }

    @Test func aHugeLineIsSkippedInBoundedMemoryAndKeepsItsStart() throws {
        let (spool, claim) = try claim(Array("{}\n".utf8))
        let path = fixture.path + "/claimed/000000000001-a.ndjson"
        // 300 MB of holes: no line feed in them.
        truncate(path, 300_000_000)
        fixture.append("\n{\"id\":\"last\"}\n", to: "claimed/000000000001-a.ndjson")
        let reader = ClaimReader(lineBytesMax: 4 << 20)
        try reader.open(claim, in: spool)
        let before = residentBytes()
        let seen = try rest(reader)
        #expect(residentBytes() - before < 32 << 20)
        #expect(seen.map(\.ending) == [.newline, .tooLong(299_999_997), .newline])
        #expect(seen[1].text.utf8.count == ClaimReader.excerptBytes)
        #expect(seen[2] == SeenLine("{\"id\":\"last\"}", 3, 300_000_001))
    }

    @Test func aFileThatGrowsIsReadOn() throws {
        let (spool, claim) = try claim(Array("one\ntw".utf8))
        let reader = ClaimReader(blockBytes: 8)
        try reader.open(claim, in: spool)
        #expect(SeenLine(try #require(try reader.next())) == SeenLine("one", 1, 0))
        fixture.append("o\nthr", to: "claimed/000000000001-a.ndjson")
        #expect(SeenLine(try #require(try reader.next())) == SeenLine("two", 2, 4))
        #expect(SeenLine(try #require(try reader.next())) == SeenLine("thr", 3, 8, .endOfFile))
        #expect(try reader.next() == nil)
        fixture.append("ee\nfour\n", to: "claimed/000000000001-a.ndjson")
        #expect(try rest(reader) == [SeenLine("ee", 4, 11), SeenLine("four", 5, 14)])
        #expect(try spool.finish(claim, consumed: reader.position.offset) == .finished)
    }

    @Test func growthBetweenTheLastReadAndTheLookAtTheSizeIsSeen() throws {
        let path = fixture.path + "/claimed/000000000001-a.ndjson"
        let reads = Atomic(0)
        let faults = FileFaults(striking: { operation, place in
            if operation == .read { reads.add(1, ordering: .relaxed) }
            // What a producer does in the worst moment: after the second read, which finds the end.
            guard operation == .stat, place.hasSuffix("a.ndjson"), reads.load(ordering: .relaxed) == 2 else {
                return nil
            }
            guard let file = fopen(path, "a") else { return nil }
            fputs("e\n", file)
            fclose(file)
            return nil
        })
        let spool = try fixture.spool(faults: faults)
        fixture.write("tru", to: "claimed/000000000001-a.ndjson")
        let reader = ClaimReader()
        try reader.open(try #require(try spool.recover().claims.first), in: spool)
        #expect(try rest(reader) == [SeenLine("true", 1, 0)])
    }

    @Test func aFileThatIsCutIsReported() throws {
        let (spool, claim) = try claim(Array(repeating: UInt8(ascii: "x"), count: 100))
        let reader = ClaimReader(blockBytes: 8)
        try reader.open(claim, in: spool, at: ClaimPosition(offset: 50, line: 1))
        truncate(fixture.path + "/claimed/000000000001-a.ndjson", 20)
        let path = PathBytes(fixture.path + "/claimed/000000000001-a.ndjson")
        #expect(throws: ClaimChanged.shrank(path, from: 50, to: 20)) { try reader.next() }
    }

    @Test func aFilePutInAClaimsPlaceIsNotRead() throws {
        let (spool, claim) = try claim(Array("a\n".utf8))
        fixture.write("b\n", to: "other")
        rename(fixture.path + "/other", fixture.path + "/claimed/000000000001-a.ndjson")
        #expect(throws: ClaimChanged.self) { try ClaimReader().open(claim, in: spool) }
        unlink(fixture.path + "/claimed/000000000001-a.ndjson")
        symlink("/etc/passwd", fixture.path + "/claimed/000000000001-a.ndjson")
        let error = #expect(throws: FileError.self) { try ClaimReader().open(claim, in: spool) }
        #expect(error?.code == ELOOP)
    }

    @Test func aReadErrorIsThrownAndReadingCanGoOn() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        fixture.write("one\ntwo\n", to: "claimed/000000000001-a.ndjson")
        let claim = try #require(try spool.recover().claims.first)
        let reader = ClaimReader(blockBytes: 4)
        try reader.open(claim, in: spool)
        #expect(try reader.next() != nil)
        fault.arm(.read, EIO)
        #expect(throws: FileError.self) { try reader.next() }
        fault.disarm()
        #expect(try rest(reader) == [SeenLine("two", 2, 4)])
    }

    @Test func randomFilesReadTheSameInAnyBlockSizeAndFromAnyLine() throws {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = TestGenerator(state: seed)
        for _ in 0..<60 {
            let alphabet = Array("ab\n\r".utf8)
            let size = Int.random(in: 0...300, using: &generator)
            let content = String(
                decoding: (0..<size).map { _ in alphabet.randomElement(using: &generator)! }, as: UTF8.self)
            let cap = Int.random(in: 1...12, using: &generator)
            let expected = reference(content, cap: cap)
            let block = Int.random(in: 4...64, using: &generator)
            let seen = try lines(content, lineBytesMax: cap, blockBytes: block)
            #expect(seen.map(\.offset) == expected.map(\.offset))
            #expect(seen.map(\.ending) == expected.map(\.ending))
            for (line, other) in zip(seen, expected) { #expect(other.text.utf8.starts(with: line.text.utf8)) }
            if let from = seen.indices.randomElement(using: &generator) {
                let position = ClaimPosition(offset: seen[from].offset, line: from)
                let again = try lines(content, from: position, lineBytesMax: cap, blockBytes: block)
                #expect(again.map(\.offset) == seen[from...].map(\.offset))
            }
        }
    }

    /// The lines by definition, the simple way.
    func reference(_ content: String, cap: Int) -> [SeenLine] {
        var result: [SeenLine] = []
        let bytes = Array(content.utf8)
        var offset = 0
        while offset < bytes.count {
            let feed = bytes[offset...].firstIndex(of: 10)
            var text = bytes[offset..<(feed ?? bytes.count)]
            if feed != nil, text.last == 13 { text.removeLast() }
            let ending: ClaimLine.Ending = text.count > cap ? .tooLong(text.count) : feed == nil ? .endOfFile : .newline
            result.append(SeenLine(String(decoding: text, as: UTF8.self), result.count + 1, offset, ending))
            offset = (feed ?? bytes.count - 1) + 1
        }
        return result
    }

    @Test func oneReaderServesManyFiles() throws {
        let spool = try fixture.spool()
        for number in 1...50 { fixture.write("\(number)\nx", to: "incoming/\(number).ndjson") }
        let reader = ClaimReader()
        for claim in try fixture.claimAll(spool) {
            try reader.open(claim, in: spool)
            #expect(try rest(reader).map(\.text) == ["\(claim.sequence)", "x"])
        }
    }

    @Test func everyBlockIsAStepHoweverFewLinesThereAre() throws {
        let steps = Atomic(0)
        let (spool, claim) = try claim([UInt8](repeating: 0x78, count: 8_000))
        let reader = ClaimReader(lineBytesMax: 20, blockBytes: 8) { steps.add(1, ordering: .relaxed) }
        try reader.open(claim, in: spool)
        #expect(try rest(reader).count == 1)
        #expect(steps.exchange(0, ordering: .relaxed) >= 1_000)
        let body = try ClaimBody(claim, in: spool, blockBytes: 8) { steps.add(1, ordering: .relaxed) }
        while try !body.nextBlock().isEmpty {}
        #expect(steps.exchange(0, ordering: .relaxed) >= 1_000)
        for offset in 0..<10 { _ = try body.slice(offset..<offset + 1) }
        #expect(steps.load(ordering: .relaxed) == 10)
    }

    @Test func aBodyIsReadInBlocksAndSlices() throws {
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let (spool, claim) = try claim(content)
        let body = try ClaimBody(claim, in: spool, blockBytes: 4_096)
        for _ in 0..<2 {
            var joined: [UInt8] = []
            while case let block = try body.nextBlock(), !block.isEmpty {
                joined += Array(block)
                #expect(
                    (0..<ClaimReader.padding).allSatisfy {
                        block.baseAddress!.load(fromByteOffset: block.count + $0, as: UInt8.self) == 0
                    })
            }
            #expect(joined == content)
            body.rewind()
        }
        for range in [0..<0, 0..<1, 99_999..<100_000, 5..<90_000, 17..<4_000] {
            #expect(Array(try body.slice(range)) == Array(content[range]))
        }
        #expect(throws: ClaimChanged.self) { try body.slice(99_999..<100_001) }
        truncate(fixture.path + "/claimed/000000000001-a.ndjson", 10)
        #expect(throws: ClaimChanged.self) { while case let block = try body.nextBlock(), !block.isEmpty {} }
    }
}

/// Bytes of memory that this process has in RAM.
func residentBytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 200)
    fgets(&line, 200, file)
    let words = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    return (Int(words[1]) ?? 0) * 4_096
}
