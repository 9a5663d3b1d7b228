internal import Synchronization
internal import UpsertTransport

/// A target's API key, which a reload may replace while requests are made.
final class SharedKey: Sendable {
    private let key: Mutex<APIKey>

    init(_ key: APIKey) { self.key = Mutex(key) }

    var current: APIKey { key.withLock { $0 } }

    func replace(_ new: APIKey) { key.withLock { $0 = new } }
}
