/// Reads JSON (RFC 8259) piece by piece, strictly: UTF-8, no trailing commas, no NaN, bounded depth.
///
/// Members and elements are handed to the caller as they come, so vectors never become trees.
struct JSONReader {
    private static let depthMax = 64

    let bytes: [UInt8]
    private(set) var position = 0
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = Array(bytes) }

    /// Parses the whole text as one value.
    static func parse(_ bytes: ArraySlice<UInt8>) throws -> JSONValue {
        var reader = JSONReader(bytes)
        let value = try reader.value()
        try reader.finish()
        return value
    }

    /// Reads an object, calling `member` with each name; it must read the value.
    mutating func object(_ member: (inout JSONReader, String) throws -> Void) throws {
        try open(UInt8(ascii: "{"), "an object")
        if take(UInt8(ascii: "}")) { return close() }
        repeat {
            skipSpace()
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure("expected ':'") }
            try member(&self, name)
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw failure("expected ',' or '}'") }
        close()
    }

    /// Reads an array, calling `element` before each element; it must read it.
    mutating func array(_ element: (inout JSONReader) throws -> Void) throws {
        try open(UInt8(ascii: "["), "an array")
        if take(UInt8(ascii: "]")) { return close() }
        repeat {
            try element(&self)
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw failure("expected ',' or ']'") }
        close()
    }

    /// Reads any value into a tree.
    mutating func value() throws -> JSONValue {
        skipSpace()
        guard position < bytes.count else { throw failure("unexpected end") }
        switch bytes[position] {
        case UInt8(ascii: "{"):
            var members: [JSONMember] = []
            try object { members.append(JSONMember(name: $1, value: try $0.value())) }
            return .object(members)
        case UInt8(ascii: "["):
            var values: [JSONValue] = []
            try array { values.append(try $0.value()) }
            return .array(values)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try bool())
        case UInt8(ascii: "n"):
            guard takeNull() else { throw failure("expected a value") }
            return .null
        default: return .number(try number())
        }
    }

    mutating func bool() throws -> Bool {
        skipSpace()
        if takeWord("true") { return true }
        if takeWord("false") { return false }
        throw failure("expected true or false")
    }

    /// Reads `null` if it comes next.
    mutating func takeNull() -> Bool {
        skipSpace()
        return takeWord("null")
    }

    mutating func number() throws -> Double {
        skipSpace()
        var scanner = JSONNumber(bytes: bytes, position: position)
        guard let value = scanner.scan() else { throw failure("expected a number") }
        position = scanner.position
        return value
    }

    mutating func string() throws -> String {
        skipSpace()
        var scanner = JSONString(bytes: bytes, position: position)
        defer { position = scanner.position }
        return try scanner.scan()
    }

    /// Checks that nothing but white space is left.
    mutating func finish() throws {
        skipSpace()
        guard position == bytes.count else { throw failure("unexpected text after the value") }
    }

    func failure(_ reason: String) -> JSONError { JSONError(reason: reason, offset: position) }

    private mutating func open(_ bracket: UInt8, _ what: String) throws {
        skipSpace()
        guard take(bracket) else { throw failure("expected \(what)") }
        depth += 1
        guard depth <= Self.depthMax else { throw failure("nested deeper than \(Self.depthMax)") }
        skipSpace()
    }

    private mutating func close() { depth -= 1 }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func takeWord(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard position + count <= bytes.count else { return false }
        let isEqual = unsafe bytes[position..<position + count].elementsEqual(
            UnsafeBufferPointer(start: word.utf8Start, count: count))
        if isEqual { position += count }
        return isEqual
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }
}
