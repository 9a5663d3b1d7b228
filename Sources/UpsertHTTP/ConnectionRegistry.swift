internal import NIOCore
internal import Synchronization

/// The open connections of one listener.
final class ConnectionRegistry: Sendable {
    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var isClosing = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let connectionsMax: Int

    init(connectionsMax: Int) { self.connectionsMax = connectionsMax }

    /// Takes in a new connection; false when there is no room or the listener is closing.
    func add(_ channel: any Channel) -> Bool {
        let added = state.withLock { state in
            guard !state.isClosing, state.open.count < connectionsMax else { return false }
            state.open[ObjectIdentifier(channel)] = channel
            return true
        }
        guard added else { return false }
        let key = ObjectIdentifier(channel)
        channel.closeFuture.whenComplete { [weak self] _ in self?.remove(key) }
        return true
    }

    private func remove(_ key: ObjectIdentifier) {
        let waiting = state.withLock { state in
            state.open[key] = nil
            guard state.open.isEmpty else { return nil as CheckedContinuation<Void, Never>? }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    /// Takes no more connections and asks each open one to finish what it is doing, then close.
    func quiesce() {
        let channels = state.withLock { state in
            state.isClosing = true
            return Array(state.open.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(Quiesce()) }
    }

    /// Closes every connection now.
    func closeAll() {
        for channel in state.withLock({ Array($0.open.values) }) { channel.close(promise: nil) }
    }

    /// Returns once no connection is open. One caller at a time.
    func emptied() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.open.isEmpty { state.waiting = continuation }
                return state.open.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }
}

/// Tells a connection to close once it has answered what it is answering.
struct Quiesce: Sendable {}
