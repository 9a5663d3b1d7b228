import Dispatch
import Glibc
import Testing
import UpsertDaemon
import UpsertTestSupport

@Suite("The last words")
struct JournalBarrierTests {
    private let directory = TemporaryDirectory()

    @Test("are waited for until they are read, and no longer than that")
    func waits() {
        let path = directory.path + "/journal"
        let journal = NotifySocket(path)
        #expect(!JournalBarrier.wait(atMost: .milliseconds(50), path: path), "nobody has read it")
        #expect(journal.next() == "")
        // A thread of its own: the wait blocks one of the few that tasks have.
        DispatchQueue(label: "journal").async { while journal.next() == nil { sched_yield() } }
        #expect(JournalBarrier.wait(atMost: .seconds(30), path: path))
    }

    @Test("need no journal")
    func none() {
        #expect(!JournalBarrier.wait(atMost: .seconds(30), path: directory.path + "/nobody"))
        #expect(!JournalBarrier.wait(atMost: .seconds(30), path: String(repeating: "x", count: 200)))
    }
}
