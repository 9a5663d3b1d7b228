/// What a path of the status socket stands for.
enum StatusRoute: Equatable {
    case status, metrics, health
    case receipt(String)
    case quarantine
    case quarantined(Int64)
    case retry(Int64)
    case drop(Int64)
    case replace(Int64)
    case retryMany, dropMany
    case acceptTarget(String)
    case pause, resume, flush, reload

    /// - Parameter path: Decoded, without the slash at its front.
    init?(_ path: String) {
        switch path {
        case "v1/status": self = .status
        case "metrics": self = .metrics
        case "healthz": self = .health
        case "v1/quarantine": self = .quarantine
        case "v1/quarantine/retry": self = .retryMany
        case "v1/quarantine/drop": self = .dropMany
        case "v1/pause": self = .pause
        case "v1/resume": self = .resume
        case "v1/flush": self = .flush
        case "v1/reload": self = .reload
        default:
            // The name of a submission may hold slashes.
            if path.hasPrefix("v1/receipts/"), path != "v1/receipts/" {
                self = .receipt(String(path.dropFirst("v1/receipts/".count)))
                return
            }
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            if parts.count == 4, parts[0] == "v1", parts[1] == "targets", parts[3] == "accept" {
                self = .acceptTarget(String(parts[2]))
                return
            }
            guard parts.count >= 3, parts[0] == "v1", parts[1] == "quarantine", let number = Int64(parts[2]), number > 0
            else { return nil }
            switch parts.dropFirst(3) {
            case []: self = .quarantined(number)
            case ["retry"]: self = .retry(number)
            case ["drop"]: self = .drop(number)
            case ["replace"]: self = .replace(number)
            default: return nil
            }
        }
    }

    /// The method that it takes.
    var method: String {
        switch self {
        case .status, .metrics, .health, .receipt, .quarantine, .quarantined: "GET"
        case .retry, .drop, .replace, .retryMany, .dropMany, .acceptTarget, .pause, .resume, .flush, .reload: "POST"
        }
    }

    /// The parameters that it takes.
    var parameters: Set<String> {
        switch self {
        case .quarantine: ["after", "limit"]
        case .retry, .retryMany: ["force"]
        case .pause, .resume: ["target"]
        case .status, .metrics, .health, .receipt, .quarantined, .drop, .dropMany, .replace, .acceptTarget, .flush,
            .reload:
            []
        }
    }
}
