internal import Logging
internal import UpsertCore
internal import UpsertStorage

/// Opens the queue at start, and does with a damaged one what the configuration says.
struct QueueOpening {
    let queue: Queue
    /// Where a damaged queue was set aside; nil where it was not.
    let setAside: String?

    /// - Parameter now: Unix milliseconds.
    /// - Throws: ``QueueError``.
    init(_ configuration: DaemonConfiguration, now: Int64, logger: Logger) throws {
        var options = Queue.Options(
            directory: configuration.queue.directory, indexRecordsMax: configuration.queue.indexRecordsMax,
            foundHold: configuration.targets.map(\.ambiguousHold.milliseconds).max() ?? 60_000,
            reserveBytes: configuration.queue.reserveBytes)
        do {
            queue = try Queue(options, now: now)
            setAside = nil
        } catch let damage as QueueError
            where damage.code == .damaged && configuration.queue.onDamage == .startFresh
        {
            let aside = try SetAside.move(in: options.directory, now: now)
            logger.critical(
                "the queue is damaged; it is set aside, and upsertd starts with an empty one",
                metadata: [
                    "set_aside": "\(aside)", "reason": "\(damage.message)",
                    "salvage": "upsertctl doctor --file \(aside) --salvage /var/tmp/salvaged.ndjson",
                ])
            options.isFreshAfterDamage = true
            queue = try Queue(options, now: now)
            setAside = aside
        }
    }
}
