package import UpsertCore

/// What a target is doing, as of its last turn.
package struct TargetStatus: Sendable, Equatable {
    package var isPaused: Bool
    package var concurrency: Int
    package var hold: Hold?
    /// Unix milliseconds.
    package var heldSince: Int64?
    package var requestsInFlight = 0
    package var recordsTaken = 0
    package var unresolved = 0
    /// Beyond so many unresolved requests nothing new is sent.
    package var unresolvedMax = 0
    /// 0…1; at half or less, requests go one at a time.
    package var retryBudget = 1.0
    package var heldNamespaces: [HeldNamespace] = []
    package var bytesBound: Int?
    package var lastError: String?
    /// Unix milliseconds.
    package var lastErrorAt: Int64?
}
