import Testing
import UpsertDaemon
import UpsertStorage

/// A clock that only moves when it is told to.
private final class StoppedClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    // safe: every test uses its clock from one task.
    nonisolated(unsafe) private(set) var now = Instant(offset: .zero)
    var minimumResolution: Duration { .zero }
    func sleep(until deadline: Instant, tolerance: Duration?) async throws { now = deadline }
    func advance(by duration: Duration) { now = now.advanced(by: duration) }
}

@Suite("Waiting for receipts")
struct ReceiptWaitTests {
    private func report(_ name: String, settled: Bool, rejected: Int = 0, quarantined: Int = 0) -> ReceiptReport {
        var report = ReceiptReport(receipt(name: name))
        report.settled = settled
        report.rejected = rejected
        report.quarantined = quarantined
        return report
    }

    private func run(
        names: [String] = ["a"], timeout: Duration? = .seconds(60),
        fetch: @escaping (String, Duration) throws(StatusClientError) -> ReceiptReport
    ) -> (ending: ReceiptWait.Ending, wait: ReceiptWait, took: Duration) {
        let clock = StoppedClock()
        var wait = ReceiptWait(names: names) { name throws(StatusClientError) in try fetch(name, clock.now.offset) }
        let ending = wait.run(timeout: timeout, clock: clock) { clock.advance(by: $0) }
        return (ending, wait, clock.now.offset)
    }

    @Test("it ends when the last one is settled")
    func delivered() {
        let result = run(names: ["a", "b"]) { name, now throws(StatusClientError) in
            // No receipt before the first commit.
            if now < .seconds(1) { throw .refused(status: 404, code: "not_found", message: "") }
            return report(name, settled: name == "a" || now > .seconds(3))
        }
        #expect(result.ending == .delivered)
        #expect(result.took > .seconds(3) && result.took < .seconds(4))
        #expect(result.wait.receipts.keys.sorted() == ["a", "b"])
    }

    @Test("records refused at the door or by the server are told")
    func refused() {
        #expect(run { name, _ in report(name, settled: true, rejected: 1) }.ending == .refused)
        #expect(run { name, _ in report(name, settled: true, quarantined: 1) }.ending == .refused)
        let some = run(names: ["a", "b"]) { name, _ in report(name, settled: true, rejected: name == "b" ? 1 : 0) }
        #expect(some.ending == .refused)
    }

    @Test("time runs out, but not before it is up")
    func timeout() {
        let result = run(timeout: .seconds(5)) { name, _ in report(name, settled: false) }
        #expect(result.ending == .timedOut)
        #expect(result.took >= .seconds(5) && result.took < .seconds(6))
    }

    @Test("a daemon that is away for a moment is asked again")
    func restart() {
        let result = run { name, now throws(StatusClientError) in
            if now < .seconds(2) { throw .unreachable("restarting") }
            return report(name, settled: true)
        }
        #expect(result.ending == .delivered && result.wait.lastTrouble == nil)
        let gone = run(timeout: .seconds(1)) { _, _ throws(StatusClientError) in throw .unreachable("gone") }
        #expect(gone.ending == .timedOut && gone.wait.lastTrouble == .unreachable("gone"))
    }
}
