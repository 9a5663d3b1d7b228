package import Logging
internal import UpsertHTTP
internal import UpsertSQLite
internal import UpsertStorage
internal import UpsertTransport

/// Which exit status an error that stops the daemon has (sysexits.h).
package enum DaemonFailure {
    /// Says in the log why the daemon does not run, as the event that it is.
    package static func report(_ error: any Error, _ logger: Logger) {
        let reason: Logger.Metadata = ["reason": "\(error)"]
        switch error {
        case let error as FatalStorageError where !error.isDamage:
            logger.report(.diskFailed, "the disk failed, so nobody knows what is on it; look at the disk", reason)
        case is FatalStorageError:
            logger.report(.queueDamaged, "the queue is damaged", reason)
        case let error as QueueError where error.code == .damaged:
            logger.report(.queueDamaged, "the queue is damaged; nothing was changed", reason)
        default:
            logger.report(
                .startFailed, "upsertd cannot run", reason.merging(["status": "\(status(of: error))"]) { $1 })
        }
    }

    /// 78 where the configuration must change, 75 where waiting helps, 74 where the disk failed, else 70.
    package static func status(of error: any Error) -> Int32 {
        switch error {
        case is ConfigurationErrors, is APIKeyFailure, is TransportSetupError, is EndpointError, is SandboxError: 78
        case is SpoolProblem: 78
        case let error as OperatorError where error.code == .invalid: 78
        // Another process listens there, or the place is wrong.
        case let error as UnixSocketError: error.isInUse ? 75 : 78
        case is DescriptorsExhausted: 75
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
