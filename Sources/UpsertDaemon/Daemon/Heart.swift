internal import Synchronization

/// Shows that every loop turns without which the daemon does not do its work: the delivery to each target, and the intake.
/// Each has a pulse, and the watchdog is fed by the beat that completes a round of all of them. So one loop that hangs is
/// noticed although others go on.
final class Heart: Sendable {
    /// What is watched.
    enum Loop: Hashable, Sendable {
        case delivery(target: String)
        /// One loop for all spools and outboxes.
        case intake
    }

    /// A loop that has not turned for long.
    struct Stall: Equatable, Sendable {
        let loop: Loop
        /// What it was at when it last said so, such as the spool's directory.
        let place: String?
        let duration: Duration
    }

    private struct Watched {
        var loop: Loop
        var place: String?
        /// Whether it has turned since the watchdog was last fed.
        var hasTurned = false
        var lastBeat: ContinuousClock.Instant
        /// Whether it has ended, as at a stop.
        var hasEnded = false
    }

    private struct State {
        var loops: [Watched]
        var lastFed: ContinuousClock.Instant
    }

    private let state: Mutex<State>
    private let pause: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let feed: @Sendable () -> Void

    /// - Parameters:
    ///   - loops: What is watched.
    ///   - interval: How often the watchdog wants to be fed at least; nil where there is none.
    ///   - now: The time; the system's unless a test tells it.
    ///   - feed: Feeds the watchdog.
    init(
        _ loops: [Loop], interval: Duration?, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        feed: @escaping @Sendable () -> Void
    ) {
        let start = now()
        state = Mutex(State(loops: loops.map { Watched(loop: $0, lastBeat: start) }, lastFed: start))
        pause = (interval ?? .seconds(240)) / 4
        self.now = now
        self.feed = feed
    }

    /// The longest that a loop may sleep without a turn, so that a round is complete well before the watchdog bites.
    var longestSleep: Duration { pause }

    /// The pulse of a loop.
    ///
    /// - Precondition: The heart was made with that loop.
    func pulse(_ loop: Loop) -> Pulse {
        guard let number = state.withLock({ $0.loops.firstIndex { $0.loop == loop } }) else {
            preconditionFailure("the heart does not watch \(loop)")
        }
        return Pulse(heart: self, number: number)
    }

    /// Loops that have not turned for longer than `limit`.
    func stalled(beyond limit: Duration) -> [Stall] {
        let now = now()
        return state.withLock { state in
            state.loops.filter { !$0.hasEnded && $0.lastBeat.duration(to: now) > limit }
                .map { Stall(loop: $0.loop, place: $0.place, duration: $0.lastBeat.duration(to: now)) }
        }
    }

    fileprivate func note(_ number: Int, at place: String? = nil, hasEnded: Bool) {
        let now = now()
        let isRound = state.withLock { state in
            state.loops[number].hasTurned = true
            state.loops[number].lastBeat = now
            state.loops[number].hasEnded = hasEnded
            if let place { state.loops[number].place = place }
            guard state.lastFed.duration(to: now) >= pause, state.loops.allSatisfy({ $0.hasTurned || $0.hasEnded })
            else { return false }
            for index in state.loops.indices { state.loops[index].hasTurned = false }
            state.lastFed = now
            return true
        }
        if isRound { feed() }
    }

    /// One loop's part of the heart.
    struct Pulse: Sendable {
        fileprivate let heart: Heart
        fileprivate let number: Int

        /// The loop turns, or goes on with a turn that takes long.
        func beat() { heart.note(number, hasEnded: false) }
        /// The loop turns to `place`, which is named if it hangs there.
        func beat(at place: String) { heart.note(number, at: place, hasEnded: false) }
        /// The loop has ended as it should; the others count alone.
        func end() { heart.note(number, hasEnded: true) }
        /// The longest that the loop may sleep without a turn.
        var longestSleep: Duration { heart.longestSleep }
    }
}
