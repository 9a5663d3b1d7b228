package import Logging

/// The log of the daemon: the journal under systemd, readable lines otherwise.
package enum DaemonLog {
    /// The level of every logger made here.
    package static let level = LogLevel(.info)

    /// A logger that writes where this process should.
    package static func logger(level: Logger.Level) -> Logger {
        self.level.set(level)
        let destination = LogDestination.current()
        return Logger(label: "upsertd") { _ in destination.handler(level: self.level) }
    }
}
