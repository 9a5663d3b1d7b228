package import Logging

/// The log of the daemon: the journal under systemd, readable lines otherwise.
package enum DaemonLog {
    /// A logger that writes where this process should.
    package static func logger(level: Logger.Level) -> Logger {
        let destination = LogDestination.current()
        return Logger(label: "upsertd") { _ in destination.handler(level: level) }
    }
}
