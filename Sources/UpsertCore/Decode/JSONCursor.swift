/// A reading position in the bytes of one JSON object.
///
/// Memory safety rests on two facts that ``init(_:)`` and ``RecordReader`` establish: the last byte before `end` is `}`,
/// and 64 bytes behind `end` are readable. A run of blanks, digits or letters therefore stops inside the object, and only
/// ``closeObject()`` can reach `end`; every other step leaves `at < end`.
@safe struct JSONCursor {
    let base: UnsafeRawPointer
    /// Offset of the next byte.
    var at: Int
    /// Offset behind the object's last byte.
    let end: Int
    /// How many objects the one being read lies in. Whoever reads a nested object sets it.
    var depth = 0

    /// Nil when there is nothing but blanks; else placed on the first byte that is not blank.
    init?(_ json: UnsafeRawBufferPointer) {
        guard let base = json.baseAddress else { return nil }
        var at = 0
        var end = json.count
        while at < end, unsafe Self.isBlank(base.load(fromByteOffset: at, as: UInt8.self)) { at &+= 1 }
        while end > at, unsafe Self.isBlank(base.load(fromByteOffset: end &- 1, as: UInt8.self)) { end &-= 1 }
        if at == end { return nil }
        unsafe self.base = base
        self.at = at
        self.end = end
    }

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09)
    }

    @inline(__always)
    func byte(_ offset: Int) -> UInt8 { unsafe base.load(fromByteOffset: offset, as: UInt8.self) }

    @inline(__always)
    var current: UInt8 { byte(at) }

    /// Eight bytes, the first one lowest.
    @inline(__always)
    func word(_ offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    func bytes(_ start: Int, _ count: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: base + start, count: count)
    }

    @inline(__always)
    mutating func skipBlanks() {
        while Self.isBlank(current) { at &+= 1 }
    }

    /// Steps into the object at the cursor.
    ///
    /// - Returns: False when the object is empty, which is then behind the cursor.
    mutating func openObject() throws(Rejection) -> Bool {
        at &+= 1
        if at >= end { throw malformed("ends inside an object") }
        skipBlanks()
        if current != UInt8(ascii: "}") { return true }
        try closeObject()
        return false
    }

    /// Reads a key and its colon; the cursor is then on the value.
    mutating func readKey() throws(Rejection) -> StringToken {
        if current != UInt8(ascii: "\"") { throw malformed("expected a field name in double quotes") }
        let key = try readString()
        skipBlanks()
        if current != UInt8(ascii: ":") { throw malformed("expected ':' after a field name") }
        at &+= 1
        skipBlanks()
        return key
    }

    /// Reads what follows a field's value.
    ///
    /// - Returns: True on a comma, with the cursor on the next field; false at the object's end, behind it.
    mutating func hasNextField() throws(Rejection) -> Bool {
        skipBlanks()
        if current == UInt8(ascii: ",") {
            at &+= 1
            skipBlanks()
            return true
        }
        if current != UInt8(ascii: "}") { throw malformed("expected ',' or '}' after a value") }
        try closeObject()
        return false
    }

    /// Steps over a closing brace. Only the outermost one may be the last byte, and it must be.
    private mutating func closeObject() throws(Rejection) {
        at &+= 1
        if depth == 0 {
            if at != end { throw malformed("unexpected text after the record") }
        } else if at >= end {
            throw malformed("ends inside an object")
        }
    }

    /// Whether the literal `null` was there; the cursor is then behind it.
    @inline(__always)
    mutating func skipNull() -> Bool { skipLiteral(0x6c6c_756e, 4) }

    /// `true`, `false`, or nil.
    mutating func readBool() -> Bool? {
        if skipLiteral(0x6575_7274, 4) { return true }
        if skipLiteral(0x65_736c_6166, 5) { return false }
        return nil
    }

    @inline(__always)
    private mutating func skipLiteral(_ letters: UInt64, _ count: Int) -> Bool {
        let mask = UInt64.max >> UInt64(64 - 8 * count)
        if word(at) & mask != letters { return false }
        at &+= count
        return true
    }

    /// Reads a number.
    mutating func readNumber() throws(Rejection) -> JSONNumber {
        let number = unsafe JSONNumber.scan(base + at, DecimalFloat.constants)
        at = unsafe number.end - base
        if number.failed { throw malformed("not a number of the JSON grammar") }
        return number
    }

    /// The refusal of something that is not JSON, naming the byte at the cursor.
    @inline(never)
    func malformed(_ what: String) -> Rejection {
        Rejection(.malformed, "malformed JSON at byte \(at): \(what)")
    }

    /// What kind of value is at the cursor, in words, for refusals.
    @inline(never)
    func kindOfValue() -> String {
        var probe = self
        switch current {
        case UInt8(ascii: "{"): return "an object"
        case UInt8(ascii: "["): return "an array"
        case UInt8(ascii: "\""): return "a string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return probe.readBool() == nil ? "not JSON" : "a boolean"
        case UInt8(ascii: "n"): return probe.skipNull() ? "null" : "not JSON"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return "a number"
        default: return "not JSON"
        }
    }

    /// The refusal of a value of the wrong type, or of something that is no value at all.
    @inline(never)
    func wrongType(_ field: String, at pointer: String, mustBe type: String) -> Rejection {
        let kind = kindOfValue()
        if kind == "not JSON" { return malformed("expected a value") }
        return Rejection(.wrongType, at: pointer, "\(field) must be \(type), not \(kind)")
    }
}
