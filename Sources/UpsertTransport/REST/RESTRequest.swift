internal import NIOCore
internal import UpsertCore

/// Path, content type and body of one write over REST.
struct RESTRequest {
    /// Below the target's own path; percent-encoded.
    var path: String
    var contentType: String
    var body: ByteBuffer

    private init(path: String, contentType: String, body: ByteBuffer) {
        self.path = path
        self.contentType = contentType
        self.body = body
    }

    /// Forms the request; each segment is copied once.
    ///
    /// - Precondition: The request's encoding is `json` or `ndjson`.
    init(_ request: WriteRequest, allocator: ByteBufferAllocator) {
        contentType = "application/json"
        switch (request.operation, request.encoding) {
        case (_, .protobuf), (.update, .ndjson):
            preconditionFailure("REST cannot send \(request.operation) in \(request.encoding)")
        case (.upsert, .ndjson):
            path = "/records/namespaces/\(Self.pathSegment(request.namespace))/upsert"
            contentType = "application/x-ndjson"
            body = allocator.buffer(capacity: request.payloadBytes)
            for segment in request.segments { body.writeBytes(segment) }
        case (.upsert, .json):
            path = "/vectors/upsert"
            body = Self.list("vectors", request, allocator)
        case (.delete, _):
            path = "/vectors/delete"
            body = Self.list("ids", request, allocator)
        case (.update, .json):
            path = "/vectors/update"
            body = Self.object(request, allocator)
        }
    }

    /// The question for the index's size; no field means no filter.
    static func describeIndexStats(allocator: ByteBufferAllocator) -> RESTRequest {
        RESTRequest(
            path: "/describe_index_stats", contentType: "application/json", body: allocator.buffer(string: "{}"))
    }

    /// `{"NAME":[…],"namespace":"…"}` around elements that each end with a comma.
    private static func list(_ name: String, _ request: WriteRequest, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var body = allocator.buffer(capacity: request.payloadBytes + RequestLimits.envelopeBytes)
        body.writeString("{\"\(name)\":[")
        for segment in request.segments { body.writeBytes(segment) }
        dropLast(UInt8(ascii: ","), of: &body)
        body.writeString("]")
        writeNamespace(request.namespace, to: &body)
        return body
    }

    /// The one stored object with the namespace as its last field.
    private static func object(_ request: WriteRequest, _ allocator: ByteBufferAllocator) -> ByteBuffer {
        var body = allocator.buffer(capacity: request.payloadBytes + RequestLimits.envelopeBytes)
        for segment in request.segments { body.writeBytes(segment) }
        dropLast(UInt8(ascii: "}"), of: &body)
        writeNamespace(request.namespace, to: &body)
        return body
    }

    private static func dropLast(_ byte: UInt8, of body: inout ByteBuffer) {
        let last = body.writerIndex - 1
        precondition(
            body.getInteger(at: last, as: UInt8.self) == byte, "stored record does not end as its encoding says")
        body.moveWriterIndex(to: last)
    }

    /// The namespace field, where there is one, and the closing brace.
    private static func writeNamespace(_ namespace: String, to body: inout ByteBuffer) {
        if !namespace.isEmpty {
            body.writeString(",\"namespace\":\"")
            body.writeBytes(jsonEscaped(namespace))
            body.writeString("\"")
        }
        body.writeString("}")
    }

    private static func jsonEscaped(_ text: String) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): escaped += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: escaped += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: escaped.append(byte)
            }
        }
        return escaped
    }

    /// A namespace as one path segment; the default namespace has a name only here.
    static func pathSegment(_ namespace: String) -> String {
        if namespace.isEmpty { return "__default__" }
        // A segment of dots would be taken for a directory.
        let isDots = namespace == "." || namespace == ".."
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in namespace.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.append(byte)
            case UInt8(ascii: ".") where !isDots: encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
