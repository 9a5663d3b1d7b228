import Foundation
import Testing

@testable import UpsertCore

/// Reads a golden file; empty when it cannot be read, which a test then reports.
private func golden<Element: Decodable>(_ name: String, of type: Element.Type) -> [Element] {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../golden/\(name)")
    return (try? JSONDecoder().decode([Element].self, from: Data(contentsOf: file))) ?? []  // as said
}

/// One request that the vendor's SDK made from records that we read.
private struct GoldenRequest: Decodable, CustomTestStringConvertible {
    var name: String
    var method: String
    var namespace: String
    var input: String
    var hex: String
    var testDescription: String { name }

    static let all = golden("sdk-10.2.0.json", of: GoldenRequest.self)
}

@Suite struct `Golden requests of the SDK` {
    @Test func `the golden files are there`() {
        #expect(!GoldenRequest.all.isEmpty && !ContentID.all.isEmpty)
    }

    @Test(arguments: GoldenRequest.all)
    private func `our bytes are the SDK's bytes`(golden: GoldenRequest) {
        var reader = reader()
        var request: [UInt8] = []
        for line in golden.input.split(separator: "\n") {
            let result = reader.read(String(line))
            #expect(result.operation != nil, "\(result)")
            request += reader.encoded
        }
        // The namespace is the request's, not the record's: field 2 of an upsert, 3 of a delete, 4 of an update.
        let tags: [String: UInt8] = ["Upsert": 0x12, "Delete": 0x1a, "Update": 0x22]
        let method = String(golden.method.split(separator: "/").last ?? "")
        if !golden.namespace.isEmpty {
            Protobuf.appendField(tags[method] ?? 0, Array(golden.namespace.utf8), to: &request)
        }
        #expect(
            CanonicalMessage.fields(request, method) == CanonicalMessage.fields(bytes(golden.hex), method),
            "\(hex(request))")
        if !golden.input.contains("sparse") && method != "Update" { #expect(hex(request) == golden.hex) }
    }

    private func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
    }
}

/// A message with its fields in order of number and repeated scalars packed.
///
/// The SDK sends sparse indices and values unpacked and an update's sparse values behind its namespace; both are the same
/// message to any reader, so the comparison allows for that and nothing else.
private enum CanonicalMessage {
    static func fields(_ bytes: [UInt8], _ method: String) -> [String] {
        var rest = bytes[...]
        var fields: [(Int, String)] = []
        while let (number, content) = next(&rest) {
            let isVector = method == "Upsert" && number == 1
            let isSparse = method == "Update" && number == 5
            let text =
                isVector ? vector(content).joined(separator: " ") : isSparse ? sparse(content) : hex(content)
            fields.append((number, text))
        }
        return fields.enumerated().sorted { ($0.1.0, $0.0) < ($1.1.0, $1.0) }.map { "\($0.1.0):\($0.1.1)" }
    }

    private static func vector(_ bytes: [UInt8]) -> [String] {
        var rest = bytes[...]
        var fields: [String] = []
        while let (number, content) = next(&rest) {
            fields.append("\(number):" + (number == 4 ? sparse(content) : hex(content)))
        }
        return fields.sorted()
    }

    private static func sparse(_ bytes: [UInt8]) -> String {
        var rest = bytes[...]
        var indices: [UInt8] = []
        var values: [UInt8] = []
        while let (number, content) = next(&rest) {
            if number == 1 { indices += content } else { values += content }
        }
        return hex(indices) + "/" + hex(values)
    }

    private static func next(_ rest: inout ArraySlice<UInt8>) -> (Int, [UInt8])? {
        guard let tag = rest.popFirst() else { return nil }
        func varint() -> [UInt8] {
            var bytes: [UInt8] = []
            while let byte = rest.popFirst() {
                bytes.append(byte)
                if byte < 0x80 { break }
            }
            return bytes
        }
        let content: [UInt8]
        switch tag & 7 {
        case 0: content = varint()
        case 5: (content, rest) = (Array(rest.prefix(4)), rest.dropFirst(4))
        default:
            let count = varint().reversed().reduce(0) { $0 << 7 | Int($1 & 0x7f) }
            (content, rest) = (Array(rest.prefix(count)), rest.dropFirst(count))
        }
        return (Int(tag >> 3), content)
    }
}

/// A record without an id and the id that another program derives from it.
private struct ContentID: Decodable, CustomTestStringConvertible {
    var api: String
    var record: String
    var id: String
    var testDescription: String { record }

    static let all = golden("content-ids.json", of: ContentID.self)
}

@Suite struct `Ids derived from content` {
    @Test(arguments: ContentID.all)
    private func `an id is what the independent script says, in every encoding`(golden: ContentID) {
        let encodings: [UpsertCore.Encoding] = golden.api == "records" ? [.ndjson] : [.protobuf, .packed]
        for encoding in encodings {
            var reader = reader(encoding, api: golden.api == "records" ? .records : .vectors)
            #expect(reader.read(golden.record).operation?.idLength == 64)
            #expect(reader.idText == golden.id)
        }
    }

    @Test func `giving the derived id oneself changes nothing`() {
        var reader = reader()
        _ = reader.read(#"{"values":[0.1,0.2]}"#)
        let derived = reader.encoded
        _ = reader.read("{\"values\":[0.1,0.2],\"id\":\"\(reader.idText)\"}")
        #expect(reader.encoded == derived)
    }
}
