internal import CSystemd
internal import Glibc

/// Tells systemd how the service is doing; without `$NOTIFY_SOCKET` every call does nothing.
package struct SystemdNotifier: Sendable {
    package init() {}

    /// The service is up. `status` is the line that `systemctl status` shows.
    package func ready(status: String) { notify("READY=1\nSTATUS=\(Self.line(status))") }

    /// The line that `systemctl status` shows.
    package func status(_ line: String) { notify("STATUS=\(Self.line(line))") }

    /// The service reads its configuration again; follow it with ``ready(status:)``. Newer managers want to know since when.
    package func reloading() {
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        notify("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)")
    }

    /// The service has begun to stop.
    package func stopping(status: String) { notify("STOPPING=1\nSTATUS=\(Self.line(status))") }

    /// The service is alive; send it at least twice in a ``watchdogInterval``.
    package func watchdog() { notify("WATCHDOG=1") }

    /// The service cannot trust itself any more: it is to be killed and started again.
    package func trigger() { notify("WATCHDOG=trigger") }

    /// Asks for so much time from now to start or stop.
    package func extendTimeout(by duration: Duration) {
        notify("EXTEND_TIMEOUT_USEC=\(max(0, Int64(duration / .microseconds(1))))")
    }

    /// How often systemd wants to hear ``watchdog()`` at least; nil where it does not watch this process.
    package static var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard unsafe sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds))
    }

    /// A failure is no reason to stop serving, and systemd itself notices what it misses.
    private func notify(_ state: String) { unsafe _ = sd_notify(0, state) }

    /// A line end in a status would begin another assignment.
    private static func line(_ text: String) -> String { LogText.escaped(text) }
}
