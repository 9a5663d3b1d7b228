package import Logging
internal import Synchronization

/// From which level on log events are written; a reload may change it while others log.
package final class LogLevel: Sendable {
    private let place: Atomic<Int>

    package init(_ level: Logger.Level) { place = Atomic(Self.place(of: level)) }

    /// The level now.
    package var current: Logger.Level { Logger.Level.allCases[place.load(ordering: .relaxed)] }

    /// Changes it for every logger that has no level of its own.
    package func set(_ level: Logger.Level) { place.store(Self.place(of: level), ordering: .relaxed) }

    private static func place(of level: Logger.Level) -> Int {
        guard let place = Logger.Level.allCases.firstIndex(of: level) else {
            preconditionFailure("a level is one of all levels")
        }
        return place
    }
}
