internal import UpsertHTTP

/// `/_faults` and `/_journal`, for tests in another process.
struct ControlRoutes: Sendable {
    let faults: FaultInjector
    let journal: WriteJournal?
    let isEnabled: Bool

    /// The answer to a control request; nil if it is none, or control is off.
    func respond(_ request: HTTPRequest) -> HTTPResponse? {
        switch request.path {
        case "/_faults" where isEnabled: faultsResponse(request)
        case "/_journal": journal.map { journalResponse($0, request) }
        default: nil
        }
    }

    private func faultsResponse(_ request: HTTPRequest) -> HTTPResponse {
        switch request.method {
        case "GET": return Self.json(FaultJSON.write(faults.armed))
        case "DELETE":
            faults.disarmAll()
            return Self.json(Array("{}".utf8))
        case "POST":
            do {
                let (fault, seed) = try FaultJSON.read(request.body)
                if let seed { faults.seed(seed) }
                faults.arm(fault)
                return Self.json(Array("{}".utf8))
            } catch {
                return HTTPResponse(status: 400, contentType: "text/plain", text: "\(error)\n")
            }
        default: return HTTPResponse(status: 405)
        }
    }

    private func journalResponse(_ journal: WriteJournal, _ request: HTTPRequest) -> HTTPResponse {
        switch request.method {
        case "GET":
            let from = request.query.split(separator: "&").first { $0.hasPrefix("from=") }
            return Self.json(JournalJSON.write(journal, from: from.flatMap { Int($0.dropFirst(5)) } ?? 0))
        case "DELETE":
            journal.clear()
            return Self.json(Array("{}".utf8))
        default: return HTTPResponse(status: 405)
        }
    }

    private static func json(_ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: 200, headers: ["content-type": "application/json"], body: body)
    }
}
