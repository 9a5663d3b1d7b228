/// Bytes whose parts are of the same type: slices of arrays, or of raw memory, which count no references.
protocol ByteRun: RandomAccessCollection where Element == UInt8, SubSequence == Self, Index == Int {}

extension ArraySlice<UInt8>: ByteRun {}
extension Slice<UnsafeRawBufferPointer>: @unsafe ByteRun {}

/// Walks the fields of one protobuf message, bounds-checked: stored bytes come from a disk.
struct ProtobufFields<Bytes: ByteRun> {
    struct Field {
        var number: Int
        /// Content of a length-delimited field, or the bytes of a fixed one; empty for a varint.
        var content: Bytes
        /// The whole field with tag and length.
        var whole: Bytes
        /// The value of a varint.
        var varint: UInt64 = 0
    }

    private let bytes: Bytes
    private var at: Int
    /// Whether something was met that is no protobuf; the walk then ends.
    private(set) var isBroken = false

    init(_ message: Bytes) {
        bytes = message
        at = message.startIndex
    }

    mutating func next() -> Field? {
        let start = at
        guard at < bytes.endIndex, !isBroken else { return nil }
        guard let tag = Protobuf.varint(bytes, &at), tag >> 3 > 0, tag >> 3 < 1 << 29 else { return broken() }
        var count: UInt64 = 0
        var value: UInt64 = 0
        switch tag & 7 {
        case 0:
            guard let varint = Protobuf.varint(bytes, &at) else { return broken() }
            value = varint
        case 1: count = 8
        case 2:
            guard let length = Protobuf.varint(bytes, &at) else { return broken() }
            count = length
        case 5: count = 4
        default: return broken()
        }
        guard count <= UInt64(bytes.endIndex - at) else { return broken() }
        let content = at..<at + Int(count)
        at = content.upperBound
        return Field(number: Int(tag >> 3), content: bytes[content], whole: bytes[start..<at], varint: value)
    }

    private mutating func broken() -> Field? {
        isBroken = true
        return nil
    }
}
