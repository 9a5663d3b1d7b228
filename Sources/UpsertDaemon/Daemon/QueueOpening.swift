internal import Logging
internal import UpsertCore
internal import UpsertStorage

/// Opens the queue at start, and does with a damaged one what the configuration says.
struct QueueOpening {
    let queue: Queue
    /// Where a damaged queue was set aside; nil where it was not.
    let setAside: String?

    /// - Parameters:
    ///   - now: Unix milliseconds.
    ///   - readBack: Called now and then while the queue is read back, with the records read so far.
    /// - Throws: ``QueueError``.
    init(
        _ configuration: DaemonConfiguration, now: Int64, logger: Logger,
        readBack: @escaping @Sendable (_ records: Int) -> Void
    ) throws {
        var options = Queue.Options(
            directory: configuration.queue.directory, indexRecordsMax: configuration.queue.indexRecordsMax,
            foundHold: configuration.targets.map(\.ambiguousHold.milliseconds).max() ?? 60_000,
            reserveBytes: configuration.queue.reserveBytes)
        options.readBack = readBack
        do {
            queue = try Queue(options, now: now)
            setAside = nil
        } catch let damage as QueueError
            where damage.code == .damaged && configuration.queue.onDamage == .startFresh
        {
            let aside = try SetAside.move(in: options.directory, now: now)
            logger.report(
                .queueSetAside, "the queue is damaged; it is set aside, and upsertd starts with an empty one",
                [
                    "set_aside": "\(aside)", "reason": "\(damage.message)",
                    "salvage": "upsertctl doctor --file \(aside) --salvage /var/tmp/salvaged.ndjson",
                ])
            options.isFreshAfterDamage = true
            queue = try Queue(options, now: now)
            setAside = aside
        }
        if queue.reserveBytes < options.reserveBytes {
            logger.warning(
                "the disk of the queue is small, so a quarter of it is kept as the reserve; lower queue.disk_reserve",
                metadata: [
                    "directory": "\(options.directory)", "disk_reserve": "\(options.reserveBytes)",
                    "kept": "\(queue.reserveBytes)",
                ])
        }
    }
}
