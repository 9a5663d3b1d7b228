internal import Synchronization

/// Decides which requests go wrong. Faults are tried in the order in which they were armed; the first that hits counts.
package final class FaultInjector: Sendable {
    /// An armed fault and how often it has hit.
    package struct Armed: Sendable, Equatable {
        package var fault: Fault
        package var hits = 0

        var isUsedUp: Bool { fault.times.map { hits >= $0 } ?? false }
    }

    private struct State {
        var armed: [Armed] = []
        var random = SplitMix64(state: 0)
    }

    private let state = Mutex(State())

    init() {}

    /// Every fault armed since the last ``disarmAll()``, used up or not.
    package var armed: [Armed] { state.withLock { $0.armed } }

    package func arm(_ fault: Fault) { state.withLock { $0.armed.append(Armed(fault: fault)) } }

    package func disarmAll() { state.withLock { $0.armed = [] } }

    /// Restarts the random sequence behind ``Fault/probability``.
    package func seed(_ seed: UInt64) { state.withLock { $0.random = SplitMix64(state: seed) } }

    /// The fault that hits this call, if any.
    func take(_ call: Call, bodyBytes: Int) -> Fault? {
        state.withLock { state in
            for index in state.armed.indices {
                let armed = state.armed[index]
                guard !armed.isUsedUp, armed.fault.matches(call, bodyBytes: bodyBytes) else { continue }
                if armed.fault.probability < 1, state.random.unit() >= armed.fault.probability { continue }
                state.armed[index].hits += 1
                return armed.fault
            }
            return nil
        }
    }
}

extension Fault {
    fileprivate func matches(_ call: Call, bodyBytes: Int) -> Bool {
        guard operations.contains(call.operation) else { return false }
        if let namespace, namespace != Namespace.normalized(call.writtenNamespace) { return false }
        switch effect {
        case .refuse(let id): return call.writtenIDs.contains(id)
        case .payloadTooLarge(let limit): return bodyBytes > limit
        default: return true
        }
    }
}

/// A small seeded generator. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Uniform in 0..<1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
