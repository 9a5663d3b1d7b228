internal import ArgumentParser
internal import Glibc
internal import Logging
internal import UpsertDaemon

/// Exit statuses, as in sysexits.h; the unit restarts on all but usage and configuration.
enum Exit: Int32 {
    case usage = 64
    case software = 70
    case io = 74
    case temporary = 75
    case configuration = 78

    /// Says why on stderr and makes the error that ends the process with this status.
    static func failure(_ status: Exit, _ message: String) -> ExitCode {
        write(message)
        return ExitCode(status.rawValue)
    }

    /// Runs `body`; says what stopped it and ends with the status that fits.
    static func translating(_ logger: Logger, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            DaemonFailure.report(error, logger)
            throw ExitCode(DaemonFailure.status(of: error))
        }
    }

    private static func write(_ message: String) {
        let line = Array("upsertd: \(message)\n".utf8)
        _ = unsafe line.withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
