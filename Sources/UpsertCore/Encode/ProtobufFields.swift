/// Walks the fields of one protobuf message, bounds-checked: stored bytes come from a disk.
struct ProtobufFields {
    struct Field {
        var number: Int
        /// Content of a length-delimited field, or the bytes of a fixed one; empty for a varint.
        var content: ArraySlice<UInt8>
        /// The whole field with tag and length.
        var whole: ArraySlice<UInt8>
        /// The value of a varint.
        var varint: UInt64 = 0
    }

    private var rest: ArraySlice<UInt8>
    /// Whether something was met that is no protobuf; the walk then ends.
    private(set) var isBroken = false

    init(_ message: ArraySlice<UInt8>) { rest = message }

    mutating func next() -> Field? {
        let start = rest
        guard !rest.isEmpty, !isBroken else { return nil }
        guard let tag = varint(), tag >> 3 > 0, tag >> 3 < 1 << 29 else { return broken() }
        var field = Field(number: Int(tag >> 3), content: [], whole: [])
        switch tag & 7 {
        case 0:
            guard let value = varint() else { return broken() }
            field.varint = value
        case 1:
            guard let content = take(8) else { return broken() }
            field.content = content
        case 2:
            guard let count = varint(), count <= UInt64(rest.count), let content = take(Int(count)) else {
                return broken()
            }
            field.content = content
        case 5:
            guard let content = take(4) else { return broken() }
            field.content = content
        default: return broken()
        }
        field.whole = start[start.startIndex..<rest.startIndex]
        return field
    }

    private mutating func broken() -> Field? {
        isBroken = true
        return nil
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func varint() -> UInt64? { Protobuf.popVarint(&rest) }
}
