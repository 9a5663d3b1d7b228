internal import UpsertHTTP

/// The two ways of asking the same things.
enum Wire {
    case rest(RESTRoute, shownDefault: String)
    case grpc(method: String, shownDefault: String)

    /// How a request is to be read; nil for a REST path that does not exist.
    init?(_ request: HTTPRequest) {
        let shownDefault = Self.shownDefault(request.headers["x-pinecone-api-version"])
        if GRPCFraming.isGRPC(request) {
            let service = "/VectorService/"
            guard request.target.hasPrefix(service) else {
                self = .grpc(method: request.target, shownDefault: shownDefault)
                return
            }
            self = .grpc(method: String(request.target.dropFirst(service.count)), shownDefault: shownDefault)
        } else {
            guard let route = RESTRoute(request) else { return nil }
            self = .rest(route, shownDefault: shownDefault)
        }
    }

    /// Statistics call the default namespace `__default__` since version 2025-04.
    private static func shownDefault(_ version: String?) -> String {
        guard let version, version >= "2025-04" else { return "" }
        return Namespace.defaultName
    }

    func decode(_ request: HTTPRequest) throws -> Call {
        switch self {
        case .rest(let route, _): try RESTDecoder.decode(route, request)
        case .grpc(let method, _): try GRPCDecoder.decode(method, try GRPCFraming.message(request.body))
        }
    }

    func response(_ answer: Answer) -> HTTPResponse {
        switch self {
        case .rest(_, let shownDefault): RESTEncoder.response(answer, defaultName: shownDefault)
        case .grpc(_, let shownDefault): GRPCFraming.response(answer, defaultName: shownDefault)
        }
    }

    func refusal(_ error: ServiceError) -> HTTPResponse {
        switch self {
        case .rest(let route, _): RESTEncoder.refusal(error, isRecordsAPI: route.isRecordsAPI)
        case .grpc: GRPCFraming.refusal(error)
        }
    }

    var isGRPC: Bool { if case .grpc = self { true } else { false } }
}
