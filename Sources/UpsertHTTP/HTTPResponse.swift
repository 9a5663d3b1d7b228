/// What a handler answers.
package struct HTTPResponse: Sendable {
    /// What becomes of the request.
    package enum Action: Sendable {
        /// Send the response.
        case send
        /// Close the whole connection without an answer; requests sharing it are lost too.
        case dropConnection
        /// HTTP/2: end the stream with RST_STREAM and this error code (RFC 9113 §7). HTTP/1: drop the connection.
        case resetStream(code: UInt32)
    }

    package var action: Action
    package var status: Int
    package var headers: HTTPFields
    package var body: [UInt8]
    /// Sent after the body on HTTP/2, ignored on HTTP/1.
    package var trailers: HTTPFields
    /// Work to do once the answer is on its way; cancelled when the listener closes.
    package var afterwards: (@Sendable () async -> Void)?

    package init(
        status: Int, headers: HTTPFields = HTTPFields(), body: [UInt8] = [], trailers: HTTPFields = HTTPFields()
    ) {
        self.action = .send
        self.status = status
        self.headers = headers
        self.body = body
        self.trailers = trailers
    }

    /// A response of `text` with its media type.
    package init(status: Int, contentType: String, text: String) {
        self.init(status: status, headers: ["content-type": contentType], body: Array(text.utf8))
    }

    /// No answer: the connection is closed.
    package static var dropConnection: HTTPResponse {
        var response = HTTPResponse(status: 0)
        response.action = .dropConnection
        return response
    }

    /// No answer: the stream is reset with an HTTP/2 error code, such as 2 (INTERNAL_ERROR) or 7 (REFUSED_STREAM).
    package static func resetStream(code: UInt32) -> HTTPResponse {
        var response = HTTPResponse(status: 0)
        response.action = .resetStream(code: code)
        return response
    }
}

/// Answers one request. Runs on the global executor, many at a time.
package typealias HTTPHandler = @Sendable (HTTPRequest) async -> HTTPResponse
