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
        /// Bytes of disk kept for storing what was delivered when the rest is full, at most a quarter of the disk; see
        /// ``DiskReserve``.
        package var reserveBytes: Int
        /// Whether the file is new because a damaged one was set aside: then requests of the queue before it may still be
        /// applied, and nothing is sent for `foundHold`.
        package var isFreshAfterDamage = false
        /// Called now and then while the queue is read back, with the records read so far.
        package var readBack: @Sendable (_ records: Int) -> Void = { _ in }

        package init(
            directory: String, indexRecordsMax: Int = 16_000_000, contentBytesMax: Int = 4_500_000,
            foundHold: Int64 = 60_000, reserveBytes: Int = 32 << 20
        ) {
            self.directory = directory
            self.indexRecordsMax = indexRecordsMax
            self.contentBytesMax = contentBytesMax
            self.foundHold = foundHold
            self.reserveBytes = reserveBytes
        }
    }

    private let executor = DiskExecutor(label: "upsertd.queue")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    let options: Options
    /// Where its file lies.
    package nonisolated var directory: String { options.directory }
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
    /// Keys of quarantined records that no newer write has superseded.
    var quarantinedKeys: Set<RecordKey> = []
    var quarantinedCurrent = 0
    /// Rows in the quarantine by target.
    var quarantinedByTarget: [String: Int] = [:]
    var unsettled = UnsettledChanges()
    /// Whether records were superseded that a restart would send, so that this must be stored before anything newer goes out.
    var mustStoreSuperseded = false
    var stages = QueueStages()
    /// Nothing is sent before this time (Unix milliseconds), since requests of an earlier queue may still be applied.
    var nothingBefore: Int64 = 0
    var reserve: DiskReserve
    var room = Room.enough
    /// What ended the use of the queue: damage, or a disk that failed.
    var broken: QueueError?
    /// Whether the previous process stopped without closing the queue.
    package nonisolated let startedUnclean: Bool
    /// Bytes of disk kept for settling: ``Options/reserveBytes``, or less on a small disk.
    package nonisolated let reserveBytes: Int

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
        reserve = DiskReserve(directory: options.directory, bytes: options.reserveBytes)
        reserveBytes = reserve.bytes
        let opened = try OpenedQueue.open(options, &reserve, now: now)
        connection = opened.connection
        hasher = RecordKeyHasher(secret: opened.identity.secret)
        startedUnclean = !opened.identity.closedCleanly
        window = opened.window
        contents = ContentCache(bytesMax: options.contentBytesMax)
        for (number, name) in opened.recovered.lanes {
            lanes[LaneName(target: name.target, namespace: name.namespace)] = number
            nextLane = max(nextLane, number + 1)
        }
        if options.isFreshAfterDamage { nothingBefore = now + options.foundHold }
        totals = opened.recovered.totals
        quarantinedKeys = opened.recovered.quarantinedKeys
        quarantinedCurrent = opened.recovered.quarantinedCurrent
        quarantinedByTarget = opened.recovered.quarantinedByTarget
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
        if clean { try commit { try QueueIdentity.markClean(connection) } }
        try bringHome(orStop: false)
        // Only to have a small directory; the log is home.
        try? connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }
}

/// A queue as read back at start.
struct OpenedQueue {
    let connection: Connection
    let identity: QueueIdentity
    let window: Window
    let recovered: QueueRecovery

    /// Opens the file and reads it back. Where the disk is full, the reserve makes the room that starting needs.
    static func open(
        _ options: Queue.Options, _ reserve: inout DiskReserve, now: Int64
    ) throws(QueueError) -> OpenedQueue {
        do {
            return try OpenedQueue(options, now: now)
        } catch {
            let meaning = QueueFile.meaning(of: error, directory: options.directory)
            guard meaning.code == .full, reserve.release() else { throw meaning }
        }
        do {
            return try OpenedQueue(options, now: now)
        } catch {
            throw QueueFile.meaning(of: error, directory: options.directory)
        }
    }

    private init(_ options: Queue.Options, now: Int64) throws {
        connection = try QueueFile.open(directory: options.directory)
        identity = try QueueIdentity.load(connection)
        let foundUntil = try QueueIdentity.foundUntil(
            connection, clean: identity.closedCleanly, hold: options.foundHold, now: now)
        var window = Window(indexRecordsMax: options.indexRecordsMax, foundUntil: foundUntil)
        recovered = try QueueRecovery.read(
            connection, into: &window, found: foundUntil > now, now: now, progress: options.readBack)
        self.window = window
    }
}
