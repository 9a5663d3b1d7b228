/// `google.protobuf.Struct` to and from JSON values. Source: google/protobuf/struct.proto.
enum StructMessage {
    private static let depthMax = 64

    static func read(_ bytes: ArraySlice<UInt8>, depth: Int = 0) throws -> JSONValue {
        guard depth < depthMax else { throw ProtobufError("recursion limit reached") }
        var reader = ProtobufReader(bytes)
        var members: [JSONMember] = []
        while let field = try reader.next() {
            guard field == 1 else {
                try reader.skip()
                continue
            }
            let (name, value) = try entry(try reader.delimited())
            let tree = try value.map { try readValue($0, depth: depth + 1) }
            members.append(JSONMember(name: name, value: tree ?? .null))
        }
        return .object(members)
    }

    /// Splits a map entry into its key and the bytes of its value.
    static func entry(_ bytes: ArraySlice<UInt8>) throws -> (name: String, value: ArraySlice<UInt8>?) {
        var reader = ProtobufReader(bytes)
        var name = ""
        var value: ArraySlice<UInt8>?
        while let field = try reader.next() {
            switch field {
            case 1: name = try reader.string()
            case 2: value = try reader.delimited()
            default: try reader.skip()
            }
        }
        return (name, value)
    }

    static func readValue(_ bytes: ArraySlice<UInt8>, depth: Int = 0) throws -> JSONValue {
        var reader = ProtobufReader(bytes)
        var value = JSONValue.null
        while let field = try reader.next() {
            switch field {
            case 1:
                _ = try reader.varint()
                value = .null
            case 2: value = .number(try reader.double())
            case 3: value = .string(try reader.string())
            case 4: value = .bool(try reader.bool())
            case 5: value = try read(try reader.delimited(), depth: depth + 1)
            case 6: value = .array(try readList(try reader.delimited(), depth: depth + 1))
            default: try reader.skip()
            }
        }
        return value
    }

    private static func readList(_ bytes: ArraySlice<UInt8>, depth: Int) throws -> [JSONValue] {
        guard depth < depthMax else { throw ProtobufError("recursion limit reached") }
        var reader = ProtobufReader(bytes)
        var values: [JSONValue] = []
        while let field = try reader.next() {
            if field == 1 {
                values.append(try readValue(try reader.delimited(), depth: depth + 1))
            } else {
                try reader.skip()
            }
        }
        return values
    }

    static func write(_ members: [JSONMember], to writer: inout ProtobufWriter) {
        for member in members {
            writer.message(1) { entry in
                entry.string(1, member.name)
                entry.message(2) { write(member.value, to: &$0) }
            }
        }
    }

    private static func write(_ value: JSONValue, to writer: inout ProtobufWriter) {
        switch value {
        case .null: writer.varint(1, 0)
        case .number(let value): writer.double(2, value)
        case .string(let value): writer.string(3, value)
        case .bool(let value): writer.bool(4, value)
        case .object(let members): writer.message(5) { write(members, to: &$0) }
        case .array(let values):
            writer.message(6) { list in
                for value in values { list.message(1) { write(value, to: &$0) } }
            }
        }
    }
}
