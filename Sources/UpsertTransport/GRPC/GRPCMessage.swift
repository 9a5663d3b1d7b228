internal import UpsertCore

/// The bytes of a unary gRPC request: 5-byte prefix, the stored records, the namespace field.
enum GRPCMessage {
    /// Uncompressed flag and length.
    static let prefixBytes = 5

    /// - Precondition: The request's encoding is `protobuf`.
    static func framed(_ request: WriteRequest) -> RequestBody {
        precondition(request.encoding == .protobuf, "gRPC sends protobuf, not \(request.encoding)")
        let field = namespaceField(request)
        return RequestBody([prefix(request.payloadBytes + field.count)[...]] + request.segments + [field[...]])
    }

    /// A message without fields.
    static var empty: RequestBody { RequestBody([prefix(0)[...]]) }

    private static func prefix(_ count: Int) -> [UInt8] {
        let length = UInt32(count)
        return [0] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
    }

    private static func namespaceField(_ request: WriteRequest) -> [UInt8] {
        guard !request.namespace.isEmpty else { return [] }
        var field = [namespaceTag(request.operation)]
        appendVarint(request.namespace.utf8.count, to: &field)
        field += request.namespace.utf8
        return field
    }

    /// Field number and wire type 2 of `namespace`: 2 in UpsertRequest, 3 in DeleteRequest, 4 in UpdateRequest.
    private static func namespaceTag(_ operation: OperationKind) -> UInt8 {
        switch operation {
        case .upsert: 0x12
        case .delete: 0x1a
        case .update: 0x22
        }
    }

    private static func appendVarint(_ value: Int, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest | 0x80))
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
