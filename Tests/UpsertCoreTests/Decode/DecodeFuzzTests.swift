import Testing
import UpsertTestSupport

@testable import UpsertCore

private let inputCount = TestEnvironment.runs(200_000)

/// Makes records that are valid or nearly so.
struct RecordFuzz {
    var random: TestRandom

    static let seeds = [
        #"{"id":"a","values":[0.1,-2.5e-3,1,123456789012345678901234567890],"metadata":{"s":"x","n":1.5,"b":true,"l":["p","q"],"z":null}}"#,
        #"{"_id":"b\u0041\"\\","sparse_values":{"indices":[1,4294967295],"values":[0.5,-1]},"namespace":"ns","op":"upsert"}"#,
        #"{"op":"update","id":"c","set_metadata":{"é":"\ud83d\ude00"},"values":[1,2,3]}"#,
        #"{"op":"delete","id":"d","namespace":"__default__"}"#,
        #" { "values" : [ 1.0 , 2.0 ] , "metadata" : { } } "#,
        #"{"_id":"t","text":"some text","tags":["x"],"year":1999,"ok":false}"#,
        #"{"op":"upsert","namespace":"n","record":{"_id":"u","text":"more"}}"#,
        #"{"text":"no id","record":1}"#,
    ]
    static let pieces = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "null", "true", "-", ".", "e", "0", "9", " ", "\n",
        "\0",
        "\"id\"", "\"values\"", "\"metadata\":{", "\"record\":{", "\"indices\":[", "1e999", "-0", "00", "é",
        "\"op\":\"update\"",
        "99999999999999999999999999999999", "0.00000000000000000000000000000000000001", "[[[[[[", "\"$k\":1",
    ]

    mutating func next() -> [UInt8] {
        var bytes = Array(Self.seeds.randomElement(using: &random)!.utf8)
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let place = Int.random(in: 0...bytes.count, using: &random)
            let span = place..<min(bytes.count, place + Int.random(in: 0...6, using: &random))
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes.removeSubrange(span)
            case 1: bytes.insert(contentsOf: Array(Self.pieces.randomElement(using: &random)!.utf8), at: place)
            case 2: bytes.replaceSubrange(span, with: Array(Self.pieces.randomElement(using: &random)!.utf8))
            case 3: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
            case 4: bytes.insert(contentsOf: bytes[span], at: place)
            default: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
            }
        }
        return bytes
    }
}

@Suite struct `Any bytes at all` {
    private static let paddings = Array("0 \"\\,]e.\n\u{80}".utf8)

    @Test func `mangled records never trap, and reading does not depend on what lies behind them`() {
        var fuzz = RecordFuzz(random: .forTest("mangled records"))
        let digest: @Sendable (UnsafeRawBufferPointer) -> [UInt8] = { _ in [UInt8](repeating: 7, count: 32) }
        var readers = [
            RecordReader(RecordRules(api: .vectors, encoding: .protobuf, dimension: nil, digest: digest)),
            RecordReader(RecordRules(api: .vectors, encoding: .packed, dimension: nil, digest: digest)),
            RecordReader(RecordRules(api: .records, encoding: .ndjson, dimension: nil, digest: digest)),
        ]
        var accepted = 0
        for _ in 0..<inputCount {
            let bytes = fuzz.next()
            let which = Int.random(in: 0..<readers.count, using: &fuzz.random)
            let first = readers[which].read(bytes: bytes, padding: UInt8(ascii: "}"))
            let encoded = readers[which].encoded
            let padding = Self.paddings.randomElement(using: &fuzz.random)!
            let second = readers[which].read(bytes: bytes, padding: padding)
            #expect(first == second, "\(String(decoding: bytes, as: UTF8.self))")
            if case .operation = second { #expect(readers[which].encoded == encoded) }
            if case .operation(let operation) = first {
                accepted += 1
                #expect(operation.idLength == readers[which].id.count && (1...512).contains(operation.idLength))
                #expect(!encoded.isEmpty)
            }
        }
        print("accepted \(accepted) of \(inputCount)")
        #expect(accepted > inputCount / 100)
    }

    @Test func `a record cut anywhere is refused or blank`() {
        for (index, seed) in RecordFuzz.seeds.enumerated() {
            var reader = index > 4 ? reader(.ndjson, api: .records) : reader()
            let bytes = Array(seed.utf8)
            #expect(reader.read(bytes: bytes).operation != nil, "\(seed)")
            let body = bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0
            for count in 0...body {
                #expect(reader.read(bytes: Array(bytes[..<count])).operation == nil, "\(seed.prefix(count))")
            }
        }
    }
}
