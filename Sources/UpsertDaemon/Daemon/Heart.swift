internal import Synchronization

/// Shows that the delivery is alive: its loops beat, the watchdog counts.
final class Heart: Sendable {
    private let beats = Atomic(0)

    func beat() { beats.add(1, ordering: .relaxed) }

    /// Beats since the start.
    var count: Int { beats.load(ordering: .relaxed) }
}
