internal import NIOCore
internal import Synchronization

/// What one task is told by others: events in order, taken all at once, and a wait that also ends at a given time.
final class Mailbox<Event: Sendable>: Sendable {
    private struct State {
        var events: [Event] = []
        var isRung = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let timers: any EventLoop

    /// - Parameter timers: The event loop whose timers end waits.
    init(timers: any EventLoop) { self.timers = timers }

    /// Adds an event and wakes the task.
    func post(_ event: Event) { wake { $0.events.append(event) } }

    /// Wakes the task without an event.
    func ring() { wake { _ in } }

    private func wake(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            state.isRung = true
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    /// What has arrived since the last call, without waiting.
    func take() -> [Event] {
        state.withLock { state in
            defer { state.events = [] }
            state.isRung = false
            return state.events
        }
    }

    /// Waits until something arrives or somebody rings, at most `milliseconds`. Only one task may wait.
    func wait(atMost milliseconds: Int64) async {
        let timer = timers.scheduleTask(in: .milliseconds(max(0, milliseconds))) { self.ring() }
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isRung = state.withLock { state in
                if !state.isRung { state.waiting = continuation }
                return state.isRung
            }
            if isRung { continuation.resume() }
        }
        timer.cancel()
    }
}
