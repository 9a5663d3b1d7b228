import Glibc
import Testing
import UpsertTestSupport

@testable import UpsertDaemon
@testable import UpsertStorage

/// What stops intake is said once for each cause, whatever meets it.
@Suite struct IntakeTroubleTests {
    private static let full = QueueError(.full, "the disk of the queue is full: free some space for /q")

    private static func full(_ path: String) -> FileError { FileError(.write, PathBytes(path), ENOSPC) }

    @Test func `a full disk that queue and spools share is one trouble`() {
        // Two directories of one file system.
        let (place, other) = (TemporaryDirectory(), TemporaryDirectory())
        var troubles = IntakeTroubles()
        let queue = IntakeTrouble(Self.full, source: other.path, queue: place.path)
        let spool = IntakeTrouble(Self.full(other.path + "/claimed/1-a"), source: other.path, queue: place.path)
        #expect(queue.cause == spool.cause && queue.isQueueFull && !spool.isQueueFull)
        #expect(troubles.failed("one", queue, now: 0).news == queue)
        #expect(troubles.failed("one", spool, now: 10).news == nil)
        #expect(troubles.failed("two", spool, now: 20).news == nil)
        #expect(troubles.worked("one", now: 30) == nil, "the other spool still waits")
        #expect(troubles.worked("two", now: 40) == spool, "said once when it is over")
    }

    @Test func `a spool on another disk than the queue has a trouble of its own`() {
        let disk = TemporaryDirectory()
        let queue = IntakeTrouble(Self.full, source: "/proc", queue: disk.path)
        let spool = IntakeTrouble(Self.full("/proc/claimed/1-a"), source: "/proc", queue: disk.path)
        #expect(queue.cause != spool.cause && spool.isLackOfSpace && spool.mend == "df -h /proc")
    }

    @Test func `lack of space and a read-only file system are told apart`() {
        let (disk, place) = (TemporaryDirectory(), TemporaryDirectory())
        func trouble(_ code: Int32) -> IntakeTrouble {
            IntakeTrouble(FileError(.rename, PathBytes(disk.path), code), source: disk.path, queue: disk.path)
        }
        #expect(trouble(ENOSPC).cause == trouble(EDQUOT).cause)
        #expect(trouble(EROFS).cause != trouble(ENOSPC).cause && trouble(EIO).cause != trouble(EROFS).cause)
        let queue = IntakeTrouble(QueueError(.readOnly, "r"), source: disk.path, queue: place.path)
        #expect(queue.cause == trouble(EROFS).cause)
    }
}
