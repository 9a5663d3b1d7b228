package import Logging

/// Everything that upsertd is told by its configuration file.
package struct DaemonConfiguration: Sendable, Equatable {
    /// `spools`: drop directories.
    package var spools: [SpoolConfiguration] = []
    /// `outboxes`: databases whose outbox table is read.
    package var outboxes: [OutboxConfiguration] = []
    /// `queue`: where accepted records wait.
    package var queue: QueueConfiguration
    /// `status`: the status socket.
    package var status: StatusConfiguration
    /// `targets`: the indexes, in the order of the file; at least one.
    package var targets: [TargetConfiguration]
    /// `shutdown_timeout`: how long requests in flight may take to finish when the daemon stops. 1s…1h; default 20s. Keep
    /// the unit's TimeoutStopSec above it.
    package var shutdownTimeout: Duration
    /// `log_level`: trace, debug, info, notice, warning, error or critical. Default info.
    package var logLevel: Logger.Level

    package init(targets: [TargetConfiguration], queue: QueueConfiguration, status: StatusConfiguration) {
        self.targets = targets
        self.queue = queue
        self.status = status
        shutdownTimeout = ConfigurationDefaults.shutdownTimeout
        logLevel = .info
    }

    /// The target called `name`.
    package func target(_ name: String) -> TargetConfiguration? { targets.first { $0.name == name } }

    /// Where the daemon looks for its configuration unless it is told otherwise.
    package static let defaultPath = "/etc/upsertd/upsertd.yaml"
}
