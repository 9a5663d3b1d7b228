/// Metadata from protobuf to JSON.
enum StructText {
    /// Appends a `Struct` as an object; false when it is no metadata of ours.
    static func append(_ message: some ByteRun, to bytes: inout [UInt8]) -> Bool {
        bytes.append(UInt8(ascii: "{"))
        var entries = ProtobufFields(message)
        var isFirst = true
        while let entry = entries.next() {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            if !appendEntry(entry.whole, to: &bytes) { return false }
        }
        bytes.append(UInt8(ascii: "}"))
        return !entries.isBroken
    }

    /// Appends one `Struct.fields` entry as `"key":value`.
    ///
    /// - Parameter whole: The entry with its tag and length.
    /// - Returns: False when it is not a metadata field of ours.
    static func appendEntry<Bytes: ByteRun>(_ whole: Bytes, to bytes: inout [UInt8]) -> Bool {
        var outer = ProtobufFields(whole)
        guard let entry = outer.next() else { return false }
        var key = whole.prefix(0)
        var value: Bytes?
        var fields = ProtobufFields(entry.content)
        while let field = fields.next() {
            if field.number == 1 { key = field.content }
            if field.number == 2 { value = field.content }
        }
        guard let value, !fields.isBroken else { return false }
        StringEscapes.appendString(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        return appendValue(value, to: &bytes)
    }

    private static func appendValue(_ message: some ByteRun, to bytes: inout [UInt8]) -> Bool {
        var fields = ProtobufFields(message)
        guard let value = fields.next() else { return false }
        switch value.number {
        case 2:
            guard value.content.count == 8 else { return false }
            let bits = value.content.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            appendNumber(Double(bitPattern: bits), to: &bytes)
        case 3: StringEscapes.appendString(value.content, to: &bytes)
        case 4: bytes.append(contentsOf: value.varint == 0 ? "false".utf8 : "true".utf8)
        case 6:
            bytes.append(UInt8(ascii: "["))
            var elements = ProtobufFields(value.content)
            var isFirst = true
            while let element = elements.next() {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                if !appendValue(element.content, to: &bytes) { return false }
            }
            bytes.append(UInt8(ascii: "]"))
            return !elements.isBroken
        default: return false
        }
        return true
    }

    /// The shortest text that gives the number back. Canonical JSON has no minus zero, a double has.
    private static func appendNumber(_ value: Double, to bytes: inout [UInt8]) {
        if value == 0 && value.sign == .minus {
            bytes.append(contentsOf: "-0".utf8)
        } else {
            CanonicalJSON.append(value, to: &bytes)
        }
    }
}
