/// Reads one protobuf message field by field.
struct ProtobufReader {
    enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case bytes = 2
        case fixed32 = 5
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var wire = WireType.varint

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// Reads the values of a packed list of varints instead of fields.
    init(packed bytes: ArraySlice<UInt8>) {
        self.init(bytes)
    }

    var isAtEnd: Bool { position == bytes.endIndex }

    /// Whether the field that ``next()`` announced is length-delimited, as packed lists are.
    var isDelimited: Bool { wire == .bytes }

    /// The number of the next field; nil at the end. Its value must be read or skipped.
    mutating func next() throws -> Int? {
        guard position < bytes.endIndex else { return nil }
        let tag = try rawVarint()
        guard let wire = WireType(rawValue: tag & 7), tag >> 3 > 0, tag >> 3 < 1 << 29 else {
            throw ProtobufError("invalid tag value: \(tag)")
        }
        self.wire = wire
        return Int(tag >> 3)
    }

    mutating func varint() throws -> UInt64 {
        try expect(.varint)
        return try rawVarint()
    }

    mutating func uint32() throws -> UInt32 { UInt32(truncatingIfNeeded: try varint()) }

    mutating func bool() throws -> Bool { try varint() != 0 }

    /// The bit pattern of a `fixed32` or `float`.
    mutating func fixed32() throws -> UInt32 {
        try expect(.fixed32)
        return UInt32(truncatingIfNeeded: try littleEndian(4))
    }

    mutating func double() throws -> Double {
        try expect(.fixed64)
        return Double(bitPattern: try littleEndian(8))
    }

    /// The bytes of a length-delimited field; shares memory with the message.
    mutating func delimited() throws -> ArraySlice<UInt8> {
        try expect(.bytes)
        let count = try rawVarint()
        guard count <= UInt64(bytes.endIndex - position) else { throw ProtobufError("buffer underflow") }
        defer { position += Int(count) }
        return bytes[position..<position + Int(count)]
    }

    mutating func string() throws -> String {
        guard let text = String(validating: try delimited(), as: UTF8.self) else {
            throw ProtobufError("invalid string value: data is not UTF-8 encoded")
        }
        return text
    }

    /// Passes over the value of a field that is not known.
    mutating func skip() throws {
        switch wire {
        case .varint: _ = try rawVarint()
        case .fixed64: _ = try littleEndian(8)
        case .bytes: _ = try delimited()
        case .fixed32: _ = try littleEndian(4)
        }
    }

    private func expect(_ wanted: WireType) throws {
        guard wire == wanted else { throw ProtobufError("invalid wire type: \(wire) (expected \(wanted))") }
    }

    private mutating func rawVarint() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < bytes.endIndex else { throw ProtobufError("buffer underflow") }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw ProtobufError("invalid varint")
    }

    private mutating func littleEndian(_ count: Int) throws -> UInt64 {
        guard count <= bytes.endIndex - position else { throw ProtobufError("buffer underflow") }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[position + index]) << (8 * UInt64(index)) }
        position += count
        return value
    }
}

/// Why bytes are not the message that was expected.
struct ProtobufError: Error, Equatable {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}
