package import UpsertCore
internal import UpsertSQLite

/// The durable queue: accepted records in SQLite, with their order and state held in memory by a ``Window``.
///
/// Everything runs on one thread of its own and through one connection. A call that changes anything returns after the change
/// is on disk (`synchronous = FULL`); memory follows the commit, never leads it, except that records already sent are marked
/// as settled before the commit that says so and offered to it again until it succeeds.
package actor Queue {
    /// Settings of a queue.
    package struct Options: Sendable {
        /// Directory that holds the database and the lock.
        package var directory: String
        /// Records kept in the in-memory index, about 20 bytes each.
        package var indexRecordsMax: Int
        /// Bytes of accepted chunks kept in memory so that sending them needs no read.
        package var contentBytesMax: Int
        /// After an unclean start, milliseconds for which records found waiting count as possibly in flight.
        package var foundHold: Int64

        package init(
            directory: String, indexRecordsMax: Int = 16_000_000, contentBytesMax: Int = 12_000_000,
            foundHold: Int64 = 60_000
        ) {
            self.directory = directory
            self.indexRecordsMax = indexRecordsMax
            self.contentBytesMax = contentBytesMax
            self.foundHold = foundHold
        }
    }

    private let executor = DiskExecutor(label: "upsertd.queue")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    let options: Options
    let connection: Connection
    private let lock: InstanceLock
    /// Hashes record ids for this queue.
    package nonisolated let hasher: RecordKeyHasher
    var window: Window
    var contents: ContentCache
    var lanes: [LaneName: LaneNumber] = [:]
    var unsavedLanes: [(LaneName, LaneNumber)] = []
    var nextLane: LaneNumber = 1
    var totals = Totals()
    var quarantinedKeys: Set<RecordKey> = []
    var quarantinedCurrent = 0
    var unsettled = UnsettledChanges()
    var reserved: Range<Int64> = 0..<0
    /// Whether the previous process stopped without closing the queue.
    package nonisolated let startedUnclean: Bool

    struct LaneName: Hashable {
        var target: String
        var namespace: String
    }

    /// Opens the queue, or creates it, and reads back what waits in it.
    ///
    /// - Parameter now: Unix milliseconds.
    /// - Throws: ``QueueError`` when the directory is in use, or the file is damaged, newer or unusable.
    package init(_ options: Options, now: Int64) throws {
        self.options = options
        lock = try InstanceLock(directory: options.directory)
        let connection = try QueueFile.open(directory: options.directory)
        let identity = try QueueIdentity.load(connection)
        hasher = RecordKeyHasher(secret: identity.secret)
        startedUnclean = !identity.closedCleanly
        window = Window(
            indexRecordsMax: options.indexRecordsMax, foundUntil: identity.closedCleanly ? 0 : now + options.foundHold)
        contents = ContentCache(bytesMax: options.contentBytesMax)
        let recovered = try QueueRecovery.read(connection, into: &window, found: startedUnclean, now: now)
        for (number, name) in recovered.lanes {
            lanes[LaneName(target: name.target, namespace: name.namespace)] = number
            nextLane = max(nextLane, number + 1)
        }
        totals = recovered.totals
        quarantinedKeys = recovered.quarantinedKeys
        quarantinedCurrent = recovered.quarantinedCurrent
        self.connection = connection
    }

    /// The number of a lane; a new one is stored with the next accept commit.
    package func lane(target: String, namespace: String) -> LaneNumber {
        let name = LaneName(target: target, namespace: namespace)
        if let known = lanes[name] { return known }
        let number = nextLane
        nextLane += 1
        lanes[name] = number
        unsavedLanes.append((name, number))
        window.register(lane: number, target: target, namespace: namespace)
        return number
    }

    /// Stores that everything is settled as memory says and that no request is in flight.
    ///
    /// - Parameter clean: Whether every attempt was answered, so that the next start need not hold anything.
    package func close(clean: Bool) throws {
        try flush(now: 0)
        if clean { try QueueIdentity.markClean(connection) }
        try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }
}
