/// Reads single number fields out of a small protobuf message, skipping all others.
enum ProtobufFields {
    /// The last value of a varint field; nil where the message has none or is malformed.
    static func varint(_ number: UInt64, in message: [UInt8]) -> UInt64? {
        var bytes = message[...]
        var found: UInt64?
        while !bytes.isEmpty {
            guard let tag = readVarint(&bytes) else { return nil }
            switch tag & 7 {
            case 0:
                guard let value = readVarint(&bytes) else { return nil }
                if tag >> 3 == number { found = value }
            case 1: guard skip(8, &bytes) else { return nil }
            case 2:
                guard let length = readVarint(&bytes), skip(length, &bytes) else { return nil }
            case 5: guard skip(4, &bytes) else { return nil }
            default: return nil
            }
        }
        return found
    }

    private static func readVarint(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    private static func skip(_ count: UInt64, _ bytes: inout ArraySlice<UInt8>) -> Bool {
        guard count <= UInt64(bytes.count) else { return false }
        bytes.removeFirst(Int(count))
        return true
    }
}
