internal import Synchronization

/// Shows that every delivery loop turns: each has a pulse, and the watchdog is fed by the beat that completes a round of all
/// of them. So one loop that hangs is noticed although others go on.
final class Heart: Sendable {
    private struct Loop {
        var name: String
        /// Whether it has turned since the watchdog was last fed.
        var hasTurned = false
        var lastBeat: ContinuousClock.Instant
        /// Whether it has ended, as at a stop.
        var hasEnded = false
    }

    private struct State {
        var loops: [Loop]
        var lastFed: ContinuousClock.Instant
    }

    private let state: Mutex<State>
    private let pause: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let feed: @Sendable () -> Void

    /// - Parameters:
    ///   - loops: Names of the loops.
    ///   - interval: How often the watchdog wants to be fed at least; nil where there is none.
    ///   - now: The time; the system's unless a test tells it.
    ///   - feed: Feeds the watchdog.
    init(
        _ loops: [String], interval: Duration?, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        feed: @escaping @Sendable () -> Void
    ) {
        let start = now()
        state = Mutex(State(loops: loops.map { Loop(name: $0, lastBeat: start) }, lastFed: start))
        pause = (interval ?? .seconds(240)) / 4
        self.now = now
        self.feed = feed
    }

    /// The longest that a loop may sleep without a turn, so that a round is complete well before the watchdog bites.
    var longestSleep: Duration { pause }

    /// The pulse of the loop called `name`.
    ///
    /// - Precondition: The heart was made with that name.
    func pulse(_ name: String) -> Pulse {
        guard let number = state.withLock({ $0.loops.firstIndex { $0.name == name } }) else {
            preconditionFailure("the heart knows no loop \(name)")
        }
        return Pulse(heart: self, number: number)
    }

    /// Loops that have not turned for longer than `limit`, with how long.
    func stalled(beyond limit: Duration) -> [(name: String, duration: Duration)] {
        let now = now()
        return state.withLock { state in
            state.loops.filter { !$0.hasEnded && $0.lastBeat.duration(to: now) > limit }
                .map { ($0.name, $0.lastBeat.duration(to: now)) }
        }
    }

    fileprivate func note(_ number: Int, hasEnded: Bool) {
        let now = now()
        let isRound = state.withLock { state in
            state.loops[number].hasTurned = true
            state.loops[number].lastBeat = now
            state.loops[number].hasEnded = hasEnded
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

        /// The loop turns.
        func beat() { heart.note(number, hasEnded: false) }
        /// The loop has ended as it should; the others count alone.
        func end() { heart.note(number, hasEnded: true) }
        /// The longest that the loop may sleep without a turn.
        var longestSleep: Duration { heart.longestSleep }
    }
}
