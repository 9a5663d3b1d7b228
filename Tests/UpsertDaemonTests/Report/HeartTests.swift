import Synchronization
import Testing

@testable import UpsertDaemon

@Suite("The heart")
struct HeartTests {
    /// A clock that moves when it is told, and what the watchdog was fed.
    private final class Bench: Sendable {
        let now = Mutex(ContinuousClock.now)
        let meals = Atomic(0)

        func pass(_ duration: Duration) { now.withLock { $0 = $0.advanced(by: duration) } }
        var fed: Int { meals.load(ordering: .relaxed) }
        func heart(_ targets: [String], _ others: [Heart.Loop] = []) -> Heart {
            Heart(
                targets.map { .delivery(target: $0) } + others, interval: .seconds(8), now: { self.now.withLock { $0 } }
            ) {
                self.meals.add(1, ordering: .relaxed)
            }
        }
    }

    private let bench = Bench()

    @Test("a loop that turns feeds the watchdog, at most four times in its interval")
    func feeds() {
        let pulse = bench.heart(["a"]).pulse(.delivery(target: "a"))
        for _ in 0..<100 {
            bench.pass(.milliseconds(100))
            pulse.beat()
        }
        #expect(bench.fed == 5)
    }

    @Test("one loop that hangs starves it, whatever the others do, and is named")
    func oneHangs() {
        let heart = bench.heart(["a", "b", "c"])
        let (a, b, c) = (
            heart.pulse(.delivery(target: "a")), heart.pulse(.delivery(target: "b")),
            heart.pulse(.delivery(target: "c"))
        )
        for pulse in [a, b, c] { pulse.beat() }
        bench.pass(.seconds(2))
        for pulse in [a, b, c] { pulse.beat() }
        #expect(bench.fed == 1)
        // The last turn of b counts for one more round, and then no more.
        for _ in 0..<20 {
            bench.pass(.seconds(1))
            a.beat()
            c.beat()
        }
        #expect(bench.fed == 2)
        #expect(heart.stalled(beyond: .seconds(5)).map(\.loop) == [.delivery(target: "b")])
        b.beat()
        #expect(bench.fed == 3 && heart.stalled(beyond: .seconds(5)).isEmpty)
    }

    @Test("an intake that hangs is named with the place where it does, and starves the watchdog")
    func intakeHangs() {
        let heart = bench.heart(["a"], [.intake])
        let (delivery, intake) = (heart.pulse(.delivery(target: "a")), heart.pulse(.intake))
        intake.beat(at: "/spool/one")
        intake.beat(at: "/spool/two")
        for _ in 0..<10 {
            bench.pass(.seconds(1))
            delivery.beat()
        }
        #expect(bench.fed == 1)
        #expect(
            heart.stalled(beyond: .seconds(5))
                == [Heart.Stall(loop: .intake, place: "/spool/two", duration: .seconds(10))])
    }

    @Test("a turn that takes long but makes steps is alive")
    func slowTurn() {
        let heart = bench.heart([], [.intake])
        let intake = heart.pulse(.intake)
        intake.beat(at: "/spool")
        for _ in 0..<60 {
            bench.pass(.seconds(7))
            intake.beat()
            #expect(heart.stalled(beyond: .seconds(5)).isEmpty)
        }
        #expect(bench.fed == 60)
    }

    @Test("a loop that has ended is not waited for")
    func ended() {
        let heart = bench.heart(["a", "b"])
        heart.pulse(.delivery(target: "b")).end()
        bench.pass(.seconds(3))
        heart.pulse(.delivery(target: "a")).beat()
        #expect(bench.fed == 1 && heart.stalled(beyond: .seconds(1)).isEmpty)
    }

    @Test("loops sleep so little that a round is complete before the watchdog bites")
    func sleep() {
        #expect(bench.heart(["a"]).longestSleep == .seconds(2))
        #expect(Heart([], interval: .seconds(60)) {}.longestSleep == .seconds(15))
        #expect(Heart([], interval: nil) {}.longestSleep == .seconds(60))
    }
}
