import NIOCore
import Testing
import UpsertCore

@testable import UpsertTransport

/// A target on this machine.
func configuration(
    _ scheme: String = "http", host: String = "127.0.0.1", port: Int, path: String = ""
) throws -> TransportConfiguration {
    var configuration = TransportConfiguration(
        endpoint: try TargetEndpoint("\(scheme)://\(host):\(port)\(path)"), userAgent: "upsertd/test")
    configuration.requestTimeout = .seconds(20)
    return configuration
}

func grpc(_ configuration: TransportConfiguration) throws -> GRPCTransport {
    let key = try APIKey("pclocal")
    return try GRPCTransport(configuration: configuration) { key }
}

func rest(_ configuration: TransportConfiguration) throws -> RESTTransport {
    let key = try APIKey("pclocal")
    return try RESTTransport(configuration: configuration) { key }
}

func request(
    _ operation: OperationKind = .upsert, _ encoding: Encoding = .protobuf, namespace: String = "",
    _ segments: [[UInt8]] = [[0x0a, 0x03, 0x0a, 0x01, 0x61]]
) -> WriteRequest {
    WriteRequest(
        operation: operation, encoding: encoding, namespace: namespace, recordCount: 1,
        segments: segments.map { $0[...] })
}

func request(
    _ operation: OperationKind, _ encoding: Encoding, namespace: String = "", text: String...
) -> WriteRequest {
    request(operation, encoding, namespace: namespace, text.map { Array($0.utf8) })
}

/// `kind` of an outcome, and its text, for expectations that do not spell out every word.
extension Outcome {
    var kind: String {
        switch self {
        case .acknowledged: "acknowledged"
        case .noEffect: "noEffect"
        case .retry: "retry"
        case .ambiguous: "ambiguous"
        case .tooLarge: "tooLarge"
        case .refused: "refused"
        case .hold(let hold): "hold(\(hold.kind.rawValue))"
        }
    }

    var reason: String {
        switch self {
        case .acknowledged, .noEffect: ""
        case .retry(_, _, let reason), .ambiguous(let reason), .tooLarge(let reason), .refused(let reason): reason
        case .hold(let hold): hold.reason
        }
    }
}

extension [(String, String)] {
    /// `grpc-status: 0`.
    static var ok: Self { [("grpc-status", "0")] }
}
