internal import UpsertHTTP
internal import UpsertStorage
internal import UpsertTransport

/// What the status socket says when it does not do what was asked: `{"error":{"code":…,"message":…}}`.
package struct FailureReport: Sendable, Equatable, Codable {
    package struct Failure: Sendable, Equatable, Codable {
        /// A word that programs can test for.
        package var code: String
        /// One sentence, or one line a problem.
        package var message: String
    }

    package var error: Failure

    package init(_ code: String, _ message: String) { error = Failure(code: code, message: message) }
}

extension HTTPResponse {
    /// A report as JSON, with a line end so that it reads well in a terminal.
    static func json(_ value: some Encodable, status: Int = 200) throws -> HTTPResponse {
        let body = try StatusJSON.encode(value) + [UInt8(ascii: "\n")]
        return HTTPResponse(status: status, headers: ["content-type": "application/json"], body: body)
    }

    /// A failure as JSON.
    static func failure(_ status: Int, _ code: String, _ message: String) -> HTTPResponse {
        do {
            return try json(FailureReport(code, message), status: status)
        } catch {
            // Two strings can always be written; say what can be said without them.
            return HTTPResponse(status: status, contentType: "text/plain", text: code + "\n")
        }
    }

    /// An error with the status and code that keep its meaning.
    static func failure(_ error: any Error) -> HTTPResponse {
        switch error {
        case let error as OperatorError:
            let status =
                switch error.code {
                case .notFound: 404
                case .invalid: 400
                case .conflict: 409
                case .rejected: 422
                case .unavailable: 503
                }
            return failure(status, error.code.rawValue, error.message)
        case let error as QueueError:
            switch error.code {
            case .notFound: return failure(404, "not_found", error.message)
            case .refused: return failure(409, "conflict", error.message)
            case .full, .readOnly: return failure(503, "unavailable", error.message)
            default: return failure(500, "queue", error.message)
            }
        case is ConfigurationErrors, is APIKeyFailure, is TransportSetupError, is EndpointError:
            return failure(422, "configuration", "\(error)")
        case is CancellationError: return failure(503, "unavailable", "the daemon is stopping")
        default: return failure(500, "internal", "\(error)")
        }
    }
}
