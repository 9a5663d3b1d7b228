package import UpsertHTTP
internal import UpsertStorage

/// The status socket's HTTP interface: reads for everyone who can connect, changes for operators.
package struct StatusRoutes: Sendable {
    private let daemon: OperatorInterface
    private let access: OperatorAccess

    package init(_ daemon: OperatorInterface, access: OperatorAccess) {
        self.daemon = daemon
        self.access = access
    }

    /// Answers one request; the handler of a listener.
    package func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard let target = RequestTarget(path: request.path, query: request.query) else {
            return .failure(400, "invalid", "the request's target is not percent-encoded UTF-8")
        }
        guard let route = StatusRoute(target.path) else {
            return .failure(404, "not_found", "there is nothing at /\(target.path)")
        }
        let method = request.method == "HEAD" ? "GET" : request.method
        guard method == route.method else {
            var response = HTTPResponse.failure(
                405, "method_not_allowed", "/\(target.path) takes \(route.method), not \(request.method)")
            response.headers["allow"] = route.method == "GET" ? "GET, HEAD" : route.method
            return response
        }
        if let unknown = target.parameters.keys.sorted().first(where: { !route.parameters.contains($0) }) {
            return .failure(400, "invalid", "/\(target.path) has no parameter \(unknown)")
        }
        if route.method == "POST", !access.mayChange(request.peer) {
            return .failure(403, "forbidden", access.refusal(request.peer))
        }
        do {
            return try await perform(route, target, request.body)
        } catch {
            return .failure(error)
        }
    }

    private func perform(
        _ route: StatusRoute, _ target: RequestTarget, _ body: [UInt8]
    ) async throws -> HTTPResponse {
        switch route {
        case .status: return try .json(await daemon.status())
        case .metrics:
            return HTTPResponse(
                status: 200, contentType: PrometheusText.contentType, text: try await daemon.status().metrics)
        case .health: return Self.health(try await daemon.status())
        case .receipt(let id):
            guard let receipt = try await daemon.receipt(id) else {
                throw OperatorError(.notFound, "there is no receipt of \(id); receipts are kept for 24 hours")
            }
            return try .json(ReceiptReport(receipt))
        case .quarantine: return try .json(await page(target))
        case .quarantined(let number): return try QuarantineDetail.response(await daemon.quarantineEntry(number))
        case .retry(let number):
            try Self.single(await daemon.retryQuarantined([number], try flag(target, "force")))
        case .drop(let number): try Self.single(await daemon.dropQuarantined([number]))
        case .replace(let number): try await daemon.replaceQuarantined(number, body)
        case .retryMany:
            let numbers = try QuarantineNumbers(json: body).numbers
            let force = try flag(target, "force")
            return try .json(QuarantineChangeReport(numbers, refused: await daemon.retryQuarantined(numbers, force)))
        case .dropMany:
            let numbers = try QuarantineNumbers(json: body).numbers
            return try .json(QuarantineChangeReport(numbers, refused: await daemon.dropQuarantined(numbers)))
        case .acceptTarget(let name): try await daemon.acceptTarget(name)
        case .pause: try await daemon.pause(target.parameters["target"])
        case .resume: try await daemon.resume(target.parameters["target"])
        case .flush: try await daemon.flush()
        case .reload: try await daemon.reload()
        }
        return HTTPResponse(status: 200, contentType: "application/json", text: "{\"ok\":true}\n")
    }

    /// Throws what kept the one record that was named from being changed.
    private static func single(_ refusals: [QuarantineRefusal]) throws {
        guard let refusal = refusals.first else { return }
        throw QueueError(refusal.isAbsent ? .notFound : .refused, refusal.message)
    }

    private func page(_ target: RequestTarget) async throws -> QuarantinePage {
        let after = try number(target, "after", default: 0, in: 0...Int64.max)
        let limit = Int(try number(target, "limit", default: 100, in: 1...1_000))
        let entries = try await daemon.quarantine(after, limit)
        return QuarantinePage(
            entries.map(QuarantineReport.init), nextAfter: entries.count < limit ? nil : entries.last?.number)
    }

    private func number(
        _ target: RequestTarget, _ name: String, default fallback: Int64, in range: ClosedRange<Int64>
    ) throws -> Int64 {
        guard let text = target.parameters[name] else { return fallback }
        guard let number = Int64(text), range.contains(number) else {
            throw OperatorError(.invalid, "\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func flag(_ target: RequestTarget, _ name: String) throws -> Bool {
        switch target.parameters[name] {
        case nil, "0": return false
        case "1": return true
        default: throw OperatorError(.invalid, "\(name) must be 0 or 1")
        }
    }

    private static func health(_ report: StatusReport) -> HTTPResponse {
        switch report.state {
        case .running, .paused, .draining, .stopping:
            HTTPResponse(status: 200, contentType: "text/plain; charset=utf-8", text: "ok\n")
        case .starting, .failed:
            HTTPResponse(status: 503, contentType: "text/plain; charset=utf-8", text: report.summary + "\n")
        }
    }
}
