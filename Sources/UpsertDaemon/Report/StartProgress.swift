internal import Synchronization

/// Tells systemd that a start which takes long goes on, as long as it does.
///
/// Each step read asks for more time, at most once a second; a start that hangs asks for none and is ended.
package final class StartProgress: Sendable {
    private let last: Mutex<ContinuousClock.Instant>
    private let now: @Sendable () -> ContinuousClock.Instant
    private let notifier = SystemdNotifier()

    /// Time asked for with each step.
    private static let extraTime = Duration.seconds(30)

    /// - Parameter now: The time; the system's unless a test tells it.
    package init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        last = Mutex(now())
        self.now = now
    }

    /// Notes that so many records were read back so far.
    package func read(records: Int) {
        let now = now()
        let isDue = last.withLock { last in
            guard last.duration(to: now) >= .seconds(1) else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        notifier.extendTimeout(by: Self.extraTime)
        notifier.status("starting: \(grouped(records)) queued records read back")
    }
}
