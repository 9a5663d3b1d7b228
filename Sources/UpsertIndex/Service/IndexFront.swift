internal import Synchronization
internal import UpsertHTTP

/// Takes each HTTP request through key check, decoding, faults and the service, and turns the result into a response.
final class IndexFront: Sendable {
    private let service: IndexService
    private let apiKey: String?
    private let control: ControlRoutes
    private let faults: FaultInjector
    private let journal: WriteJournal?
    private let requests = Atomic(0)

    init(service: IndexService, apiKey: String?, control: ControlRoutes) {
        self.service = service
        self.apiKey = apiKey
        self.control = control
        faults = control.faults
        journal = control.journal
    }

    func handle(_ request: HTTPRequest) async -> HTTPResponse {
        if let response = control.respond(request) { return response }
        let number = requests.add(1, ordering: .relaxed).newValue
        guard let wire = Wire(request) else {
            return HTTPResponse(status: 404, contentType: "text/plain", text: "Not Found")
        }
        guard apiKey == nil || request.headers["api-key"] == apiKey else {
            return wire.refusal(ServiceError(code: .unauthenticated, message: "Unauthorized"))
        }
        do {
            let call = try wire.decode(request)
            journal?.open(number, call)
            defer { journal?.close(number) }
            guard let fault = faults.take(call, bodyBytes: request.body.count) else {
                return wire.response(try await service.perform(call, request: number))
            }
            return try await FaultyAnswer(service: service, wire: wire, fault: fault).respond(
                to: call, request: number, bodyBytes: request.body.count)
        } catch {
            return wire.refusal(Self.serviceError(error))
        }
    }

    private static func serviceError(_ error: any Error) -> ServiceError {
        error as? ServiceError ?? ServiceError(code: .internal, message: "\(error)")
    }
}
