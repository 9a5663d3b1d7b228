internal import NIOCore
internal import UpsertCore

/// The bytes of a unary gRPC request: 5-byte prefix, the stored records, the namespace field.
enum GRPCMessage {
    /// Uncompressed flag and length.
    static let prefixBytes = 5

    /// One buffer, into which each segment is copied once.
    ///
    /// - Precondition: The request's encoding is `protobuf`.
    static func framed(_ request: WriteRequest, allocator: ByteBufferAllocator) -> ByteBuffer {
        precondition(request.encoding == .protobuf, "gRPC sends protobuf, not \(request.encoding)")
        let namespace = request.namespace.utf8
        let payloadBytes = request.payloadBytes
        let fieldBytes = namespace.isEmpty ? 0 : 1 + varintBytes(namespace.count) + namespace.count
        let messageBytes = payloadBytes + fieldBytes
        var buffer = allocator.buffer(capacity: prefixBytes + messageBytes)
        buffer.writeInteger(UInt8(0))
        buffer.writeInteger(UInt32(messageBytes))
        for segment in request.segments { buffer.writeBytes(segment) }
        if !namespace.isEmpty {
            buffer.writeInteger(namespaceTag(request.operation))
            writeVarint(namespace.count, to: &buffer)
            buffer.writeString(request.namespace)
        }
        return buffer
    }

    /// A message without fields.
    static func empty(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(bytes: [UInt8](repeating: 0, count: prefixBytes))
    }

    /// Field number and wire type 2 of `namespace`: 2 in UpsertRequest, 3 in DeleteRequest, 4 in UpdateRequest.
    private static func namespaceTag(_ operation: OperationKind) -> UInt8 {
        switch operation {
        case .upsert: 0x12
        case .delete: 0x1a
        case .update: 0x22
        }
    }

    private static func varintBytes(_ value: Int) -> Int {
        value < 0x80 ? 1 : 1 + varintBytes(value >> 7)
    }

    private static func writeVarint(_ value: Int, to buffer: inout ByteBuffer) {
        var rest = value
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest | 0x80))
            rest >>= 7
        }
        buffer.writeInteger(UInt8(rest))
    }
}
