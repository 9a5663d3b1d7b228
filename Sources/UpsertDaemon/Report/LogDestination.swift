internal import Glibc
package import Logging

/// Where log events go.
package enum LogDestination: Sendable, Equatable {
    /// The journal, with native fields.
    case journal
    /// Lines on standard error.
    case lines

    /// The journal where standard error leads there and its socket exists, else lines: what is sent to a socket that does not
    /// exist, such as in a root directory without it, is dropped in silence. Source: sd_journal_send(3).
    ///
    /// systemd names the stream it connected in `$JOURNAL_STREAM` as `DEVICE:INODE`, in decimal; a redirected standard error
    /// no longer matches it. Source: systemd.exec(5).
    package static func current(
        journalStream: String? = environment("JOURNAL_STREAM"), descriptor: CInt = STDERR_FILENO,
        socket: String = "/run/systemd/journal/socket"
    ) -> LogDestination {
        let parts = (journalStream ?? "").split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let device = UInt64(parts[0]), let inode = UInt64(parts[1]) else { return .lines }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, unsafe access(socket, F_OK) == 0 else { return .lines }
        return UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode ? .journal : .lines
    }

    /// A handler for swift-log.
    package func handler(level: LogLevel) -> any LogHandler {
        switch self {
        case .journal: JournalLogHandler(level: level)
        case .lines: LineLogHandler(level: level)
        }
    }

    /// A variable of the environment; nil where it is not set or empty.
    package static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
