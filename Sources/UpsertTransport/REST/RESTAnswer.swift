/// How one REST request ended.
enum RESTExchange: Sendable, Equatable {
    /// The server's answer arrived whole.
    case answered(RESTAnswer)
    /// The request head was never handed to a connection.
    case notSent(String)
    /// No answer, and the request may have reached the server.
    case lost(String)
}

/// What a server answered, reduced to what decides the outcome.
struct RESTAnswer: Sendable, Equatable {
    var status: Int
    var contentType = ""
    var retryAfter: String?
    var location: String?
    var lsn: UInt64?
    var body: [UInt8] = []
}

/// The documented shapes of an error body, and everything else.
enum RESTErrorBody: Equatable {
    /// `{"code":3,"message":"…","details":[…]}`: vector operations; the code is gRPC's number.
    case numbered(code: Int, message: String)
    /// `{"status":400,"error":{"code":"INVALID_ARGUMENT","message":"…"}}`: record operations, compatible servers also
    /// without `status`.
    case named(code: String, message: String)
    /// `text/plain`: the authentication and rate-limit layer in front of the service.
    case text(String)
    /// An HTML page, another JSON shape, nothing.
    case unknown(String)

    init(_ answer: RESTAnswer) {
        let text = ServerText.clipped(String(decoding: answer.body.prefix(4_000), as: UTF8.self))
        if let fields = JSONFields(answer.body[...]) {
            if let code = fields.integer("code"), let message = fields.string("message") {
                self = .numbered(code: code, message: ServerText.clipped(message))
            } else if let error = fields.object("error"), let code = error.string("code") {
                self = .named(code: code, message: ServerText.clipped(error.string("message") ?? ""))
            } else {
                self = .unknown(text)
            }
        } else if answer.contentType.lowercased().hasPrefix("text/plain"), !answer.body.isEmpty,
            answer.body.first != UInt8(ascii: "<")
        {
            self = .text(text)
        } else {
            self = .unknown(text)
        }
    }

    /// The server's own words.
    var message: String {
        switch self {
        case .numbered(_, let message), .named(_, let message), .text(let message), .unknown(let message): message
        }
    }

    /// Whether a machine that knows the API wrote it as JSON.
    var isJSON: Bool {
        switch self {
        case .numbered, .named: true
        case .text, .unknown: false
        }
    }

    var isDocumented: Bool {
        if case .unknown = self { false } else { true }
    }

    /// Whether the body's own code is this one.
    func says(_ code: Int, _ name: String) -> Bool {
        switch self {
        case .numbered(let number, _): number == code
        case .named(let text, _): text == name
        case .text, .unknown: false
        }
    }
}
