/// A refusal, as the service would put it.
struct ServiceError: Error, Equatable {
    /// gRPC status codes. Source: grpc.io, "Status codes".
    enum Code: Int {
        case unknown = 2
        case invalidArgument = 3
        case notFound = 5
        case alreadyExists = 6
        case permissionDenied = 7
        case resourceExhausted = 8
        case outOfRange = 11
        case unimplemented = 12
        case `internal` = 13
        case unavailable = 14
        case unauthenticated = 16
    }

    var code: Code
    var message: String

    static func invalid(_ message: String) -> ServiceError { ServiceError(code: .invalidArgument, message: message) }

    static let namespaceNotFound = ServiceError(code: .notFound, message: "Namespace not found")

    /// The HTTP status that goes with the code.
    var httpStatus: Int {
        switch code {
        case .invalidArgument, .outOfRange: 400
        case .unauthenticated: 401
        case .permissionDenied: 403
        case .notFound: 404
        case .alreadyExists: 409
        case .resourceExhausted: 429
        case .unimplemented: 501
        case .unavailable: 503
        case .unknown, .internal: 500
        }
    }

    /// The code's name in the error bodies of the records API.
    var name: String {
        switch code {
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "SERVICE_UNAVAILABLE"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }
}
