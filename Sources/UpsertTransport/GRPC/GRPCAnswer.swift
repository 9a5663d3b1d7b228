internal import NIOHPACK

/// How one unary call ended.
enum GRPCExchange: Sendable, Equatable {
    /// The server's answer arrived whole.
    case answered(GRPCAnswer)
    /// The server cannot have applied the request: none of it was handed to a connection, or the server said that it
    /// did not look at it.
    case notSent(String)
    /// No answer, and the request may have reached the server.
    case lost(String)
}

/// What a server answered, reduced to what decides the outcome.
struct GRPCAnswer: Sendable, Equatable {
    /// `:status`.
    var httpStatus = 200
    var contentType = ""
    /// `grpc-status`; nil where the answer has none, as a proxy's.
    var status: Int?
    /// `grpc-message`, percent-decoded.
    var message = ""
    /// `grpc-retry-pushback-ms`.
    var pushback: String?
    var retryAfter: String?
    var lsn: UInt64?
    /// The message without its prefix; of an answer that is not gRPC, the start of its body.
    var body: [UInt8] = []

    var isGRPC: Bool { contentType.hasPrefix("application/grpc") }
}

extension GRPCAnswer {
    /// - Parameter body: The body, prefix included.
    init(head: HPACKHeaders, trailers: HPACKHeaders?, body: [UInt8]) {
        let trailers = trailers ?? head
        httpStatus = head.first(name: ":status").flatMap { Int($0) } ?? 0
        contentType = head.first(name: "content-type") ?? ""
        status = trailers.first(name: "grpc-status").flatMap { Int($0) }
        message = Self.percentDecoded(trailers.first(name: "grpc-message") ?? "")
        pushback = trailers.first(name: "grpc-retry-pushback-ms")
        retryAfter = trailers.first(name: "retry-after") ?? head.first(name: "retry-after")
        // The service sends LSNs in the initial metadata; the second name is the older one.
        lsn =
            ["x-pinecone-request-lsn", "x-pinecone-lsn-committed"].lazy
            .compactMap { head.first(name: $0).flatMap { UInt64($0) } }.first
        self.body = isGRPC ? Self.message(in: body) : body
    }

    /// The one message in a body; empty where there is none, or one that is compressed although we offered no
    /// compression.
    private static func message(in body: [UInt8]) -> [UInt8] {
        guard body.count >= GRPCMessage.prefixBytes, body[0] == 0 else { return [] }
        let length = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        return Array(body.dropFirst(GRPCMessage.prefixBytes).prefix(length))
    }

    /// gRPC escapes all but printable ASCII in `grpc-message` as `%XX` of the UTF-8 bytes.
    static func percentDecoded(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                decoded.append(value)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}

extension HPACKHeaders {
    fileprivate func first(name: String) -> String? { first { $0.name == name }?.value }
}
