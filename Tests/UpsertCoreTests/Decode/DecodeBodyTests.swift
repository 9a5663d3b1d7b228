import Foundation
import Testing
import UpsertTestSupport

@testable import UpsertCore

/// Feeds a document in buffers cut at the given places.
private func scan(
    _ document: [UInt8], cuts: [Int] = []
) throws -> (structure: BodyScanner.Structure, elements: [BodyScanner.Element]) {
    var scanner = BodyScanner()
    var elements: [BodyScanner.Element] = []
    let edges = [0] + cuts + [document.count]
    for (start, end) in zip(edges, edges.dropFirst()) {
        try Array(document[start..<end]).withUnsafeBytes { buffer in
            while let element = try scanner.next(in: buffer) { elements.append(element) }
        }
    }
    return (try scanner.finish(), elements)
}

private func expectBodyRefused(
    _ document: String, _ code: Rejection.Code, _ pointer: String = "", offset: Int? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let bytes = Array(document.utf8)
    let whole = Result { try scan(bytes) }
    guard case .failure(let error as BodyFailure) = whole else {
        Issue.record("not refused: \(document.prefix(200)): \(whole)", sourceLocation: sourceLocation)
        return
    }
    #expect(error.rejection.code == code, "\(error)", sourceLocation: sourceLocation)
    #expect(error.rejection.pointer == pointer, "\(error)", sourceLocation: sourceLocation)
    if let offset { #expect(error.offset == offset, "\(error)", sourceLocation: sourceLocation) }
    for cut in 0...bytes.count where bytes.count < 400 {
        #expect(throws: error, "cut at \(cut)", sourceLocation: sourceLocation) { try scan(bytes, cuts: [cut]) }
    }
}

private let body = """
    {
      "namespace": "n\\u0073",
      "vectors": [
        {"id": "a", "values": [0.1, -2e+10, 3E-2, 0, 12345678901234567890.5], "metadata": {"é😀": "\\ud83d\\ude00\\n", "b": true}},
        {"id": "b", "x": [[{}], [], null, false]}, 17, "text", null,
        {}
      ]
    }

    """

@Suite struct `The body of a .json file` {
    @Test func `each element comes with its bytes and line, wherever the buffers are cut`() throws {
        let bytes = Array(body.utf8)
        let (structure, elements) = try scan(bytes)
        #expect(structure == BodyScanner.Structure(namespace: "ns", elements: 6))
        #expect(elements.map(\.line) == [4, 5, 5, 5, 5, 6])
        let texts = elements.map { String(decoding: bytes[$0.start..<$0.end], as: UTF8.self) }
        #expect(texts[1...] == [#"{"id": "b", "x": [[{}], [], null, false]}"#, "17", "\"text\"", "null", "{}"])
        #expect(texts[0].hasPrefix(#"{"id": "a""#) && texts[0].hasSuffix(#""b": true}}"#))
        for cut in 0...bytes.count {
            let again = try scan(bytes, cuts: [cut])
            #expect(again.structure == structure && again.elements == elements, "cut at \(cut)")
        }
        let single = try scan(bytes, cuts: Array(1..<bytes.count))
        #expect(single.structure == structure && single.elements == elements)
    }

    @Test func `an array of records is a body too`() throws {
        let (structure, elements) = try scan(Array(#" [ {"id":"a"} , [1], -0.5e1 ]"#.utf8))
        #expect(structure == BodyScanner.Structure(namespace: nil, elements: 3))
        #expect(elements.map { [$0.start, $0.end] } == [[3, 13], [16, 19], [21, 27]])
        #expect(try scan(Array("[]".utf8)).structure.elements == 0)
    }

    @Test func `the namespace may come last, be null or be the default's name`() throws {
        #expect(try scan(Array(#"{"vectors":[],"namespace":"last"}"#.utf8)).structure.namespace == "last")
        #expect(try scan(Array(#"{"vectors":[{}],"namespace":null}"#.utf8)).structure.namespace == nil)
        #expect(try scan(Array(#"{"namespace":"__default__","vectors":[{}]}"#.utf8)).structure.namespace == "")
        let long = String(repeating: #"\u006e"#, count: 512)
        #expect(try scan(Array("{\"vectors\":[],\"namespace\":\"\(long)\"}".utf8)).structure.namespace?.count == 512)
        expectBodyRefused("{\"vectors\":[],\"namespace\":\"\(long)n\"}", .namespaceInvalid, "/namespace")
        expectBodyRefused(#"{"vectors":[],"namespace":"é"}"#, .namespaceInvalid, "/namespace")
    }

    @Test func `anything else at the top is refused with its pointer`() {
        expectBodyRefused(#"{"vectors":[],"vectors":[]}"#, .duplicateField, "/vectors")
        expectBodyRefused(#"{"namespace":null,"namespace":"a","vectors":[]}"#, .duplicateField, "/namespace")
        expectBodyRefused(#"{"vectors":{}}"#, .wrongType, "/vectors", offset: 11)
        expectBodyRefused(#"{"vectors":null}"#, .wrongType, "/vectors")
        expectBodyRefused(#"{"vectors":[],"namespace":1}"#, .wrongType, "/namespace")
        expectBodyRefused(#"{"vectors":[],"name/space":1}"#, .unknownField, "/name~1space")
        expectBodyRefused(#"{"id":"a","values":[1]}"#, .unknownField, "/id")
        expectBodyRefused(
            "{\"\(String(repeating: "k", count: 200))\":1}", .unknownField, "/\(String(repeating: "k", count: 64))")
        expectBodyRefused(#"{"namespace":"a"}"#, .missingField, "/vectors")
        expectBodyRefused("{}", .missingField, "/vectors")
        expectBodyRefused("\"x\"", .wrongType)
        expectBodyRefused("12", .wrongType)
    }

    @Test func `what is not JSON is malformed, at its byte`() {
        for (document, offset) in [
            ("", 0), (" ", 1), ("[", 1), ("[1", 2), ("[1,", 3), ("[1,]", 3), ("[,1]", 1), ("[1 2]", 3), ("[01]", 2),
            ("[1.]", 3), ("[.1]", 1), ("[+1]", 1), ("[1e]", 3), ("[1e+]", 4), ("[-]", 2), ("[1.5.5]", 4), ("[0x1]", 2),
            ("[nul]", 4), ("[nulll]", 5), ("[True]", 1), ("[NaN]", 1), ("[{]", 2), ("[{\"a\"}]", 5), ("[{\"a\":}]", 6),
            ("[{\"a\":1,}]", 8), ("[{a:1}]", 2), ("[1}", 2), ("[{\"a\":1]", 7), ("[1]]", 3), ("[] x", 3),
            ("[\"a\nb\"]", 3),
            ("[\"\\x\"]", 3), ("[\"\\u12g4\"]", 6), ("[\"\\ud800\"]", 8), ("[\"\\ud800x\"]", 8),
            ("[\"\\ud800\\n\"]", 9),
            ("[\"\\ud800\\u0041\"]", 13), ("[\"\\udc00\"]", 7), ("[\"abc", 5), ("{\"vectors\":[1}", 13),
            ("[1]\u{0}", 3),
        ] {
            expectBodyRefused(document, .malformed, offset: offset)
        }
        for wrong: [UInt8] in [
            [0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80], [0xff],
        ] {
            let document = Array("[\"long enough text \"".utf8.dropLast()) + wrong + Array("\"]".utf8)
            for cut in 0...document.count {
                #expect(throws: BodyFailure.self) { try scan(document, cuts: [cut]) }
            }
        }
    }

    @Test func `depth is at most 64`() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try scan(Array(nested(64).utf8)).structure.elements == 1)
        expectBodyRefused(nested(65), .malformed, offset: 64)
    }

    @Test func `it agrees with another JSON parser on mangled documents`() throws {
        var random = TestRandom.forTest("mangled documents")
        var sound = 0
        for _ in 0..<TestEnvironment.runs(5_000) {
            var bytes = Array(body.utf8)
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = Array("{}[],:\"\\0123456789.eE+-tfn u\n".utf8).randomElement(using: &random)!
                default: bytes.insert(bytes.randomElement(using: &random)!, at: place)
                }
            }
            let ours = Result { try scan(bytes, cuts: [Int.random(in: 0...bytes.count, using: &random)]) }
            let theirs = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
            switch ours {
            case .success:
                sound += 1
                // Foundation refuses numbers that a double cannot hold and keys that occur twice.
                if !theirs { #expect(Self.isFoundationStricter(bytes), "\(String(decoding: bytes, as: UTF8.self))") }
            case .failure(let error as BodyFailure):
                if error.rejection.code == .malformed {
                    // Foundation takes a comma before a closing bracket.
                    let text = String(decoding: bytes, as: UTF8.self)
                    #expect(!theirs || text.contains(/,\s*[\]}]/), "\(error): \(text)")
                }
            case .failure(let error): Issue.record(error)
            }
        }
        #expect(sound > 500)
    }

    private static func isFoundationStricter(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        return text.contains(/[eE][-+]?\d{3,}/) || text.contains(/\d{30}/)
    }
}
