internal import UpsertHTTP

/// Unary gRPC over HTTP/2. Source: grpc/doc/PROTOCOL-HTTP2.md.
enum GRPCFraming {
    static func isGRPC(_ request: HTTPRequest) -> Bool {
        request.version == .http2 && request.headers["content-type"]?.hasPrefix("application/grpc") == true
    }

    /// The one message of a unary request.
    static func message(_ body: [UInt8]) throws -> ArraySlice<UInt8> {
        guard body.count >= 5 else { throw ServiceError(code: .internal, message: "Missing request message.") }
        guard body[0] == 0 else {
            throw ServiceError(code: .unimplemented, message: "Message compression is not supported")
        }
        let length = body[1..<5].reduce(0) { $0 << 8 | Int($1) }
        try RecordRules.checkMessage(bytes: length)
        guard body.count == 5 + length else {
            throw ServiceError(code: .internal, message: "Unexpected length of the request message.")
        }
        return body[5...]
    }

    static func response(_ answer: Answer, defaultName: String) -> HTTPResponse {
        var headers: HTTPFields = ["content-type": "application/grpc"]
        switch answer.lsn {
        case .request(let lsn): headers.append("x-pinecone-request-lsn", "\(lsn)")
        case .maxIndexed(let lsn): headers.append("x-pinecone-max-indexed-lsn", "\(lsn)")
        case nil: break
        }
        let message = GRPCEncoder.message(answer.reply, defaultName: defaultName)
        var body: [UInt8] = [0]
        for shift in [24, 16, 8, 0] { body.append(UInt8(truncatingIfNeeded: message.count >> shift)) }
        body.append(contentsOf: message)
        return HTTPResponse(status: 200, headers: headers, body: body, trailers: ["grpc-status": "0"])
    }

    /// A refusal with no message: headers and trailers in one block ("Trailers-Only").
    static func refusal(_ error: ServiceError) -> HTTPResponse {
        let headers: HTTPFields = [
            "content-type": "application/grpc", "grpc-status": "\(error.code.rawValue)",
            "grpc-message": percentEncode(error.message),
        ]
        return HTTPResponse(status: 200, headers: headers)
    }

    /// Percent-encodes all but printable ASCII, and `%` itself.
    static func percentEncode(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            if (0x20...0x7e).contains(byte), byte != UInt8(ascii: "%") {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
