/// Walks the fields of one compact JSON object as ``RecordReader`` writes it, bounds-checked.
struct JSONFields {
    struct Field {
        /// The key's text between its quotes, escapes and all.
        var key: ArraySlice<UInt8>
        /// The value's text.
        var value: ArraySlice<UInt8>
        /// `"key":value`.
        var whole: ArraySlice<UInt8>
    }

    private let bytes: ArraySlice<UInt8>
    private var at: Int
    private(set) var isBroken = false

    init(_ object: ArraySlice<UInt8>) {
        bytes = object
        at = object.startIndex
        if !step(over: UInt8(ascii: "{")) { isBroken = true }
        if step(over: UInt8(ascii: "}")), at < bytes.endIndex { isBroken = true }
    }

    mutating func next() -> Field? {
        guard !isBroken, at < bytes.endIndex else { return nil }
        let start = at
        guard let key = skipString(), step(over: UInt8(ascii: ":")) else { return broken() }
        let valueStart = at
        guard skipValue() else { return broken() }
        let field = Field(key: key, value: bytes[valueStart..<at], whole: bytes[start..<at])
        if step(over: UInt8(ascii: "}")) {
            if at != bytes.endIndex { return broken() }
        } else if !step(over: UInt8(ascii: ",")) || at == bytes.endIndex {
            return broken()
        }
        return field
    }

    private mutating func broken() -> Field? {
        isBroken = true
        return nil
    }

    private mutating func step(over byte: UInt8) -> Bool {
        guard at < bytes.endIndex, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    private mutating func skipString() -> ArraySlice<UInt8>? {
        guard step(over: UInt8(ascii: "\"")) else { return nil }
        let start = at
        while at < bytes.endIndex {
            switch bytes[at] {
            case UInt8(ascii: "\""):
                at += 1
                return bytes[start..<at - 1]
            case UInt8(ascii: "\\"): at += 2
            default: at += 1
            }
        }
        return nil
    }

    private mutating func skipValue() -> Bool {
        let start = at
        var open = 0
        while at < bytes.endIndex {
            switch bytes[at] {
            case UInt8(ascii: "\""): if skipString() == nil { return false }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if open == 0 { return at > start }
                open -= 1
                at += 1
            case UInt8(ascii: ","):
                if open == 0 { return at > start }
                at += 1
            default: at += 1
            }
        }
        return false
    }
}
