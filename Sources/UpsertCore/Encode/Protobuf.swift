/// The protobuf wire format, as far as the few messages of the record path need it.
enum Protobuf {
    /// Bytes of a varint: 1…10.
    static func varintCount(_ value: Int) -> Int {
        max(1, (70 - UInt64(value).leadingZeroBitCount) / 7)
    }

    /// Bytes of a varint holding a 32-bit number: 1…5.
    static func varintCount(_ value: UInt32) -> Int { varintCount(Int(value)) }

    static func appendVarint(_ value: Int, to bytes: inout [UInt8]) {
        var rest = UInt64(value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    static func appendFixed64(_ value: UInt64, to bytes: inout [UInt8]) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends a tag, a length and the content of a length-delimited field.
    static func appendField(_ tag: UInt8, _ content: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(tag)
        appendVarint(content.count, to: &bytes)
        bytes.append(contentsOf: content)
    }

    /// Reads the varint at `at` and steps over it; nil when there is none, with nothing stepped over.
    static func varint<Bytes: ByteRun>(_ bytes: Bytes, _ at: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for (position, shift) in zip(at..<min(at + 10, bytes.endIndex), stride(from: UInt64(0), to: 70, by: 7)) {
            let byte = bytes[position]
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                at = position + 1
                return value
            }
        }
        return nil
    }

    /// Bytes of a length-delimited field with a one-byte tag.
    static func fieldCount(_ contentCount: Int) -> Int { 1 + varintCount(contentCount) + contentCount }
}
