internal import NIOCore
internal import UpsertCore

/// Path, content type and body of one write over REST.
struct RESTRequest {
    /// Below the target's own path; percent-encoded.
    var path: String
    var contentType: String
    var body: RequestBody

    private init(path: String, contentType: String, body: RequestBody) {
        self.path = path
        self.contentType = contentType
        self.body = body
    }

    /// Forms the request.
    ///
    /// - Precondition: The request's encoding is `json` or `ndjson`.
    init(_ request: WriteRequest) {
        contentType = "application/json"
        switch (request.operation, request.encoding) {
        case (_, .protobuf), (_, .packed), (.update, .ndjson):
            preconditionFailure("REST cannot send \(request.operation) in \(request.encoding)")
        case (.upsert, .ndjson):
            path = "/records/namespaces/\(Self.pathSegment(request.namespace))/upsert"
            contentType = "application/x-ndjson"
            body = RequestBody(request.segments)
        case (.upsert, .json):
            path = "/vectors/upsert"
            body = Self.list("vectors", request)
        case (.delete, _):
            path = "/vectors/delete"
            body = Self.list("ids", request)
        case (.update, .json):
            path = "/vectors/update"
            body = Self.object(request)
        }
    }

    /// The question for the index's size; no field means no filter.
    static var describeIndexStats: RESTRequest {
        RESTRequest(
            path: "/describe_index_stats", contentType: "application/json", body: RequestBody([Array("{}".utf8)[...]]))
    }

    /// `{"NAME":[…],"namespace":"…"}` around elements that each end with a comma.
    private static func list(_ name: String, _ request: WriteRequest) -> RequestBody {
        let start = Array("{\"\(name)\":[".utf8)
        let end = Array("]".utf8) + ending(request.namespace)
        return RequestBody([start[...]] + dropLast(UInt8(ascii: ","), of: request.segments) + [end[...]])
    }

    /// The one stored object with the namespace as its last field.
    private static func object(_ request: WriteRequest) -> RequestBody {
        RequestBody(dropLast(UInt8(ascii: "}"), of: request.segments) + [ending(request.namespace)[...]])
    }

    private static func dropLast(_ byte: UInt8, of segments: [ArraySlice<UInt8>]) -> [ArraySlice<UInt8>] {
        guard let last = segments.last, last.last == byte else {
            preconditionFailure("stored record does not end as its encoding says")
        }
        return segments.dropLast() + [last.dropLast()]
    }

    /// The namespace field, where there is one, and the closing brace.
    private static func ending(_ namespace: String) -> [UInt8] {
        let field = namespace.isEmpty ? [] : Array(",\"namespace\":\"".utf8) + jsonEscaped(namespace) + Array("\"".utf8)
        return field + Array("}".utf8)
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
