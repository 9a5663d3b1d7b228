internal import Synchronization

/// Memory of payloads that nobody needs any more, for the next ones.
///
/// A payload of a whole request has 2 MB, and a busy daemon makes and forgets hundreds a second. Fresh memory is faulted in
/// page by page, which costs more than filling it; in the heap blocks of that size would leave holes between smaller ones.
package final class PayloadPool: Sendable {
    /// The pool of this process.
    package static let shared = PayloadPool()
    /// Capacity of its payloads: that of the largest request.
    package static let payloadBytes = 2_080_000
    /// Payloads up to this size are not worth one of those.
    package static let smallBytesMax = 128 << 10
    /// Payloads kept.
    private static let countMax = 8

    private let kept = Mutex<[[UInt8]]>([])

    /// An empty payload with ``payloadBytes`` of room.
    package func take() -> [UInt8] {
        // Taken out first, so that nobody else holds it and clearing it keeps its memory.
        var payload = kept.withLock { $0.popLast() } ?? []
        payload.removeAll(keepingCapacity: true)
        payload.reserveCapacity(Self.payloadBytes)
        return payload
    }

    /// Takes back a payload whose owner is going; one of another size is left to the heap.
    package func giveBack(_ payload: [UInt8]) {
        guard payload.capacity >= Self.payloadBytes, payload.capacity < 2 * Self.payloadBytes else { return }
        kept.withLock { kept in
            if kept.count < Self.countMax { kept.append(payload) }
        }
    }

    /// The same bytes, in memory of their own size where they fill little of a pooled payload.
    package func fitted(_ payload: [UInt8]) -> [UInt8] {
        guard payload.capacity >= Self.payloadBytes, payload.count < Self.payloadBytes / 4 else { return payload }
        var fitted: [UInt8] = []
        fitted.reserveCapacity(payload.count)
        fitted.append(contentsOf: payload)
        giveBack(payload)
        return fitted
    }

    /// Forgets what is kept; for a daemon that has nothing to do.
    package func drain() { kept.withLock { $0 = [] } }
}
