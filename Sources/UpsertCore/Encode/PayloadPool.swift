internal import Synchronization

/// Memory of payloads that nobody needs any more, for the next ones.
///
/// A payload of a whole request has 2 MB, and a busy daemon makes and forgets hundreds a second. Fresh memory is faulted in
/// page by page, which costs more than filling it; in the heap blocks of that size would leave holes between smaller ones.
package final class PayloadPool: Sendable {
    /// The pool of this process.
    package static let shared = PayloadPool()
    /// Capacity of its large payloads: that of the largest request.
    package static let payloadBytes = 2_080_000
    /// Capacity of its small ones: floats whose text fills a request.
    package static let floatsBytes = 700_000
    /// Payloads up to this size are not worth one of those.
    package static let smallBytesMax = 128 << 10
    /// Payloads kept of each size.
    private static let countMax = 8

    private struct Kept {
        var large: [[UInt8]] = []
        var small: [[UInt8]] = []
    }

    private let kept = Mutex(Kept())

    /// An empty payload with room for so many bytes: ``payloadBytes``, or ``floatsBytes`` where these suffice.
    package func take(_ bytes: Int = payloadBytes) -> [UInt8] {
        let isSmall = bytes <= Self.floatsBytes
        // Taken out first, so that nobody else holds it and clearing it keeps its memory.
        var payload = kept.withLock { isSmall ? $0.small.popLast() : $0.large.popLast() } ?? []
        payload.removeAll(keepingCapacity: true)
        payload.reserveCapacity(isSmall ? Self.floatsBytes : Self.payloadBytes)
        return payload
    }

    /// Takes back a payload whose owner is going; one of another size is left to the heap.
    package func giveBack(_ payload: [UInt8]) {
        guard payload.capacity >= Self.floatsBytes, payload.capacity < 2 * Self.payloadBytes else { return }
        let isSmall = payload.capacity < Self.payloadBytes
        kept.withLock { kept in
            if isSmall {
                if kept.small.count < Self.countMax { kept.small.append(payload) }
            } else if kept.large.count < Self.countMax {
                kept.large.append(payload)
            }
        }
    }

    /// The same bytes, in less memory where they fill little of a pooled payload.
    package func fitted(_ payload: [UInt8]) -> [UInt8] {
        guard payload.capacity >= Self.payloadBytes, payload.count <= Self.floatsBytes else { return payload }
        var fitted: [UInt8] = []
        if payload.count > Self.floatsBytes / 2 {
            fitted = take(payload.count)
        } else {
            fitted.reserveCapacity(payload.count)
        }
        fitted.append(contentsOf: payload)
        giveBack(payload)
        return fitted
    }

    /// Forgets what is kept; for a daemon that has nothing to do.
    package func drain() { kept.withLock { $0 = Kept() } }
}
