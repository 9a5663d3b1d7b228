internal import UpsertHTTP

/// Answers one request in the way that a fault asks for.
struct FaultyAnswer {
    let service: IndexService
    let wire: Wire
    let fault: Fault

    func respond(to call: Call, request: Int, bodyBytes: Int) async throws -> HTTPResponse {
        switch fault.effect {
        case .applyThenDrop:
            _ = try await service.perform(call, request: request)
            return .dropConnection
        case .lateApply(let delay):
            var response = HTTPResponse.dropConnection
            response.afterwards = { [service] in
                do {
                    try await Task.sleep(for: delay)
                    _ = try await service.perform(call, request: request)
                } catch {}  // cancelled by a stop, or refused: nobody is left to tell
            }
            return response
        case .delay(let delay):
            try await Task.sleep(for: delay)
            return wire.response(try await service.perform(call, request: request))
        case .reset(let code):
            return .resetStream(code: code)
        case .refuse(let id):
            return wire.refusal(.invalid(fault.message ?? "Vector ID \(id) is refused"))
        case .refuseAll(let code):
            return wire.refusal(
                ServiceError(
                    code: ServiceError.Code(rawValue: code) ?? .unknown, message: fault.message ?? "Request refused"))
        case .payloadTooLarge(let limit):
            return payloadTooLarge(bodyBytes, limit)
        case .throttle(let retryAfter, let pushbackMs):
            return throttled(call, retryAfter, pushbackMs)
        case .unavailable:
            return wire.refusal(ServiceError(code: .unavailable, message: fault.message ?? "Service unavailable"))
        case .unauthorized:
            return wire.refusal(ServiceError(code: .unauthenticated, message: fault.message ?? "Unauthorized"))
        case .html(let status):
            let page = "<html><head><title>\(status)</title></head><body><h1>\(status)</h1></body></html>"
            return HTTPResponse(status: status, contentType: "text/html", text: fault.message ?? page)
        case .wrongCount(let count):
            var answer = try await service.perform(call, request: request)
            if case .upserted = answer.reply { answer.reply = .upserted(count) }
            return wire.response(answer)
        case .lsnLag(let lag):
            var answer = try await service.perform(call, request: request)
            if case .maxIndexed(let lsn) = answer.lsn { answer.lsn = .maxIndexed(lsn > lag ? lsn - lag : 0) }
            return wire.response(answer)
        }
    }

    private func payloadTooLarge(_ bodyBytes: Int, _ limit: Int) -> HTTPResponse {
        guard !wire.isGRPC else {
            let text = "Error, decoded message length too large: found \(bodyBytes) bytes, the limit is: \(limit) bytes"
            return wire.refusal(ServiceError(code: .outOfRange, message: fault.message ?? text))
        }
        return HTTPResponse(status: 413, contentType: "text/plain", text: fault.message ?? "Payload Too Large")
    }

    private func throttled(_ call: Call, _ retryAfter: Double?, _ pushbackMs: Int?) -> HTTPResponse {
        let namespace = call.writtenNamespace
        let text =
            "Request failed. You've reached the upsert QPS limit for namespace \(namespace) (100 QPS). "
            + "Pace your upserts or contact Pinecone Support."
        var response = wire.refusal(ServiceError(code: .resourceExhausted, message: fault.message ?? text))
        if let retryAfter { response.headers.append("retry-after", retryAfter.description) }
        if let pushbackMs { response.headers.append("grpc-retry-pushback-ms", "\(pushbackMs)") }
        return response
    }
}
