internal import ArgumentParser
internal import UpsertDaemon
internal import UpsertStorage

/// Exit statuses; source: sysexits.h.
enum ExitStatus: Int32 {
    case usage = 64
    /// Some records are refused, or the state does not allow it.
    case data = 65
    /// What was named does not exist.
    case noInput = 66
    /// The daemon cannot be reached.
    case unavailable = 69
    case software = 70
    case inputOutput = 74
    /// Time ran out; trying again may help.
    case temporary = 75
    case noPermission = 77
    case configuration = 78

    var code: ExitCode { ExitCode(rawValue) }

    /// The status that tells an error from others.
    init(_ error: any Error) {
        switch error {
        case let error as StatusClientError: self.init(error)
        case let error as SpoolDropError:
            switch error.code {
            case .invalid: self = .usage
            case .unusable: self = .noInput
            case .noPermission: self = .noPermission
            case .inputOutput: self = .inputOutput
            }
        case is ConfigurationErrors: self = .configuration
        case is OutboxError: self = .inputOutput
        case let error as FileTrouble: self = error.status
        case let error as QueueError:
            switch error.code {
            case .inUse: self = .temporary
            case .notFound: self = .noInput
            case .refused: self = .data
            case .newer: self = .configuration
            case .damaged, .failed, .full, .readOnly, .unusable: self = .inputOutput
            }
        default: self = .software
        }
    }

    private init(_ error: StatusClientError) {
        switch error {
        case .unreachable, .refused(status: 503, _, _): self = .unavailable
        case .forbidden, .refused(status: 403, _, _): self = .noPermission
        case .refused(status: 400, _, _): self = .usage
        case .refused(status: 404, _, _): self = .noInput
        case .refused(status: 409, _, _), .refused(status: 422, code: "rejected", _): self = .data
        case .refused(status: 422, _, _): self = .configuration
        case .refused, .unintelligible: self = .software
        }
    }

    /// Runs `body`; where it fails, says why on standard error and ends with the status that fits.
    static func reporting(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let code as ExitCode {
            throw code
        } catch {
            Console.complain("\(error)")
            throw ExitStatus(error).code
        }
    }
}
