/// Which metadata the service takes, and the compact JSON that the index keeps of it.
///
/// The texts are the service's own, as observed in its answers and mirrored in the official SDK.
enum MetadataRules {
    /// Encodes a JSON object. Members that are null are left out, as the service does on its JSON path.
    static func encode(_ value: JSONValue) throws -> ArraySlice<UInt8> {
        guard case .object(let members) = value else { throw ServiceError.invalid("Metadata must be an object") }
        var writer = JSONWriter()
        try writer.object { writer in
            for member in members where member.value != .null { try append(member.name, member.value, to: &writer) }
        }
        return writer.bytes[...]
    }

    /// Encodes a protobuf `Struct` without building a tree of it.
    static func encode(structBytes: ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
        var writer = JSONWriter()
        try writer.object { writer in
            var reader = ProtobufReader(structBytes)
            while let field = try reader.next() {
                guard field == 1 else {
                    try reader.skip()
                    continue
                }
                let (name, value) = try StructMessage.entry(try reader.delimited())
                try append(name, try value.map { try StructMessage.readValue($0) } ?? .null, to: &writer)
            }
        }
        return writer.bytes[...]
    }

    /// Merges `changes` into `old`, field by field; both are compact JSON objects or empty.
    static func merge(_ changes: ArraySlice<UInt8>, into old: ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
        guard !old.isEmpty else { return changes }
        guard case .object(var members) = try JSONReader.parse(old),
            case .object(let changed) = try JSONReader.parse(changes)
        else { throw ServiceError.invalid("Metadata must be an object") }
        for change in changed {
            if let index = members.lastIndex(where: { $0.name.isSame(change.name) }) {
                members[index].value = change.value
            } else {
                members.append(change)
            }
        }
        return JSONWriter.made { $0.value(.object(members)) }[...]
    }

    static func checkSize(_ bytes: Int) throws {
        guard bytes > IndexLimits.metadataBytes else { return }
        throw ServiceError.invalid(
            "Metadata size is \(bytes) bytes, which exceeds the limit of \(IndexLimits.metadataBytes) bytes per vector")
    }

    private static func append(_ name: String, _ value: JSONValue, to writer: inout JSONWriter) throws {
        guard name.utf8.first != UInt8(ascii: "$") else {
            throw ServiceError.invalid("Metadata field '\(name)' cannot start with '$'")
        }
        guard isAllowed(value) else {
            throw ServiceError.invalid(
                "Metadata value must be a string, number, boolean or list of strings, got '\(cut(value.quotedText))' "
                    + "for field '\(name)'")
        }
        writer.key(name)
        writer.value(value)
    }

    private static func isAllowed(_ value: JSONValue) -> Bool {
        switch value {
        case .string, .bool: true
        case .number(let number): number.isFinite
        case .array(let values):
            values.allSatisfy { if case .string = $0 { true } else { false } }
        case .null, .object: false
        }
    }

    /// At most 16 bytes of UTF-8, then three dots.
    private static func cut(_ text: String) -> String {
        guard text.utf8.count > 16 else { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: 16)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return text[..<end] + "..."
    }
}
