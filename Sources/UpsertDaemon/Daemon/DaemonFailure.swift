internal import UpsertSQLite
internal import UpsertStorage
internal import UpsertTransport

/// Which exit status an error that stops the daemon has (sysexits.h).
package enum DaemonFailure {
    /// 78 where the configuration must change, 75 where waiting helps, 74 where the disk failed, else 70.
    package static func status(of error: any Error) -> Int32 {
        switch error {
        case is ConfigurationErrors, is APIKeyFailure, is TransportSetupError, is EndpointError, is SandboxError: 78
        case is SpoolProblem: 78
        case let error as OperatorError where error.code == .invalid: 78
        case let error as QueueError:
            switch error.code {
            case .inUse, .full, .readOnly: 75
            case .newer, .damaged: 78
            case .failed, .unusable, .notFound, .refused: 74
            }
        case is FatalStorageError, is FileError, is SQLiteError: 74
        default: 70
        }
    }
}
