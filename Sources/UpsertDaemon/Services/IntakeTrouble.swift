internal import Glibc
internal import UpsertStorage

/// Why intake has stopped, as an operator sees it. The same cause is the same trouble, whatever file or source meets it, so
/// that it is said once when it begins and once when it is over.
struct IntakeTrouble: Equatable, Sendable {
    /// Where the cause lies.
    enum Cause: Hashable, Sendable {
        /// A file system, as `stat` numbers it, lacks something; for all alike that lie on it, the queue included.
        case fileSystem(device: UInt64, lacks: Lack)
        /// The process has no descriptors left; for all sources alike.
        case descriptors
        /// Something of one source, told from other troubles of it by `detail`.
        case source(String, detail: String)
    }

    /// What a file system lacks.
    enum Lack: Hashable, Sendable { case space, inodes, writing }

    let cause: Cause
    /// What happened, to what, and what to do; the same for as long as the cause is.
    let message: String
    /// The command that helps.
    let mend: String
    /// Whether making room on a disk is what it needs.
    let isLackOfSpace: Bool
    /// Whether it is the queue that has no room, so that the queue has to say when there is some.
    let isQueueFull: Bool

    /// - Parameters:
    ///   - source: The spool's directory or the outbox's path.
    ///   - queue: The queue's directory.
    init(_ error: any Error, source: String, queue: String) {
        switch error {
        case let error as QueueError where error.code == .full:
            let lacksInodes = FileSystemRoom(of: queue)?.hasNoInodes == true
            self.init(
                Self.cause(queue, lacks: lacksInodes ? .inodes : .space), error.message,
                lacksInodes ? "df -i \(queue)" : "df -h \(queue)", isLackOfSpace: true, isQueueFull: true)
        case let error as QueueError where error.code == .readOnly:
            self.init(Self.cause(queue, lacks: .writing), error.message, "findmnt --target \(queue)")
        case let error as FileError: self.init(error, source)
        case is DescriptorsExhausted: self = .descriptors
        default: self.init(.source(source, detail: "\(error)"), "\(error)", "journalctl -u upsertd")
        }
    }

    private init(
        _ cause: Cause, _ message: String, _ mend: String, isLackOfSpace: Bool = false, isQueueFull: Bool = false
    ) {
        self.cause = cause
        self.message = message
        self.mend = mend
        self.isLackOfSpace = isLackOfSpace
        self.isQueueFull = isQueueFull
    }

    /// The same for all paths on one file system.
    private static func cause(_ path: String, lacks: Lack) -> Cause {
        FileSystemRoom(of: path).map { .fileSystem(device: $0.device, lacks: lacks) }
            ?? .source(path, detail: "\(lacks)")
    }

    private static let descriptors = IntakeTrouble(
        .descriptors, "the process has no file descriptors left: raise LimitNOFILE= of the unit",
        "systemctl edit upsertd")

    private init(_ error: FileError, _ source: String) {
        switch error.code {
        case EMFILE, ENFILE: self = .descriptors
        case ENOSPC where FileSystemRoom(of: source)?.hasNoInodes == true:
            self.init(
                Self.cause(source, lacks: .inodes),
                "the file system of \(source) has no inodes left: remove files there", "df -i \(source)",
                isLackOfSpace: true)
        case ENOSPC, EDQUOT:
            self.init(
                Self.cause(source, lacks: .space), "the file system of \(source) is full: free some space there",
                "df -h \(source)", isLackOfSpace: true)
        case EROFS:
            self.init(
                Self.cause(source, lacks: .writing),
                "the file system of \(source) is read-only: mount it read-write again", "findmnt --target \(source)")
        default:
            // A path would differ at every attempt, since a claim's name has a number.
            let cause = Cause.source(source, detail: "\(error.operation.rawValue) \(error.code)")
            if error.code == EIO {
                self.init(cause, "the disk under \(source) fails (\(error)): look at the kernel's log", "dmesg")
            } else {
                self.init(cause, "\(error)", "journalctl -u upsertd")
            }
        }
    }
}

/// Says each trouble of the intake when it begins and when it is over.
struct IntakeTroubles {
    /// Milliseconds for which a trouble that comes back is not said again: a disk that is full for long fills again and again
    /// as delivery makes room. Status says it all the while.
    static let quietFor: Int64 = 300_000

    private struct State {
        var trouble: IntakeTrouble
        var failures = 0
        var tryAgainAt: Int64 = 0
    }

    private var states: [String: State] = [:]
    /// Causes that have been said and are not over, and when the others were over (Unix milliseconds).
    private var said: Set<IntakeTrouble.Cause> = []
    private var overAt: [IntakeTrouble.Cause: Int64] = [:]

    /// What keeps a source from being read.
    subscript(source: String) -> IntakeTrouble? { states[source]?.trouble }

    /// Milliseconds until a source is tried again; 0 when it is its turn.
    func wait(_ source: String, now: Int64) -> Int64 { max(0, (states[source]?.tryAgainAt ?? 0) - now) }

    /// Notes that a source failed.
    ///
    /// - Returns: Milliseconds after which it is tried again, and the trouble if it is news.
    mutating func failed(
        _ source: String, _ trouble: IntakeTrouble, now: Int64
    ) -> (delay: Int64, news: IntakeTrouble?) {
        let before = states[source]
        var state = State(trouble: trouble, failures: (before?.failures ?? 0) + 1)
        let delay: Int64 = min(5_000, 100 << Int64(min(state.failures, 6)))
        state.tryAgainAt = now + delay
        let wasKnown = states.values.contains { $0.trouble.cause == trouble.cause }
        states[source] = state
        if let before, before.trouble.cause != trouble.cause { _ = over(before.trouble, now: now) }
        guard !wasKnown, now - (overAt[trouble.cause] ?? -Self.quietFor) >= Self.quietFor else { return (delay, nil) }
        said.insert(trouble.cause)
        return (delay, trouble)
    }

    /// Notes that a source works.
    ///
    /// - Returns: The trouble that is over, if it was said and no other source has it.
    mutating func worked(_ source: String, now: Int64) -> IntakeTrouble? {
        guard let state = states.removeValue(forKey: source) else { return nil }
        return over(state.trouble, now: now)
    }

    private mutating func over(_ trouble: IntakeTrouble, now: Int64) -> IntakeTrouble? {
        guard !states.values.contains(where: { $0.trouble.cause == trouble.cause }) else { return nil }
        if overAt.count > 100 { overAt = overAt.filter { now - $0.value < Self.quietFor } }
        guard said.remove(trouble.cause) != nil else { return nil }
        overAt[trouble.cause] = now
        return trouble
    }
}
