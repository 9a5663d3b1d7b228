internal import NIOHPACK
internal import UpsertCore

/// The calls of `VectorService` that upsertd makes. The proto file has no package, hence the short paths.
enum GRPCMethod: String {
    case upsert = "/VectorService/Upsert"
    case update = "/VectorService/Update"
    case delete = "/VectorService/Delete"
    case describeIndexStats = "/VectorService/DescribeIndexStats"

    init(_ operation: OperationKind) {
        switch operation {
        case .upsert: self = .upsert
        case .update: self = .update
        case .delete: self = .delete
        }
    }

    /// The request headers, in the order in which the official SDK sends them.
    ///
    /// - Parameter timeout: The time left for the call.
    func headers(_ configuration: TransportConfiguration, apiKey: APIKey, timeout: Duration) -> HPACKHeaders {
        var headers = HPACKHeaders()
        headers.reserveCapacity(11)
        headers.add(name: ":method", value: "POST")
        headers.add(name: ":scheme", value: configuration.endpoint.scheme.rawValue)
        headers.add(name: ":authority", value: configuration.endpoint.authority)
        headers.add(name: ":path", value: rawValue)
        headers.add(name: "te", value: "trailers")
        headers.add(name: "content-type", value: "application/grpc")
        headers.add(name: "api-key", value: apiKey.secret, indexing: .neverIndexed)
        headers.add(name: "x-request-id", value: RequestID.make(), indexing: .nonIndexable)
        headers.add(name: "x-pinecone-api-version", value: TransportConfiguration.apiVersion)
        headers.add(name: "user-agent", value: configuration.userAgent)
        headers.add(name: "grpc-timeout", value: Self.timeoutText(timeout), indexing: .nonIndexable)
        return headers
    }

    /// A gRPC timeout has at most 8 digits, so the unit grows with the value.
    static func timeoutText(_ timeout: Duration) -> String {
        let (seconds, attoseconds) = timeout.components
        guard seconds >= 0, attoseconds >= 0 else { return "0u" }
        let micros = attoseconds / 1_000_000_000_000
        if seconds < 99 { return "\(seconds * 1_000_000 + micros)u" }
        if seconds < 99_999 { return "\(seconds * 1_000 + micros / 1_000)m" }
        return "\(min(seconds, 99_999_999))S"
    }
}
