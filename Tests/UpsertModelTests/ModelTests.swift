import Glibc
import Synchronization
import Testing
import UpsertCore
import UpsertTestSupport

/// The first run that failed, and why.
private final class FirstFailure: Sendable {
    private let first = Mutex<(number: Int, reason: String)?>(nil)

    var number: Int? { first.withLock { $0?.number } }
    var reason: String { first.withLock { $0?.reason ?? "" } }

    func note(_ number: Int, _ error: any Error) {
        first.withLock { if number < $0?.number ?? .max { $0 = (number, "\(error)") } }
    }
}

/// The delivery state machine and the real queue against a reference model, with crashes among the actions.
///
/// `UPSERTD_TEST_SEED` repeats a session, `UPSERTD_MODEL_RUN` the one run whose seed a failure prints, with every step.
@Suite struct ModelTests {
    private static let runs = TestEnvironment.runs(400)

    @Test func `whatever happens every accepted write is accounted for and the newest wins`() async throws {
        if let seed = TestEnvironment.integer("UPSERTD_MODEL_RUN") {
            return try await Self.tell(UInt64(bitPattern: Int64(seed)))
        }
        var random = TestRandom.forTest("model")
        let seeds = (0..<Self.runs).map { _ in random.next() >> 16 }
        let tasks = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let failed = FirstFailure()
        let start = ContinuousClock.now
        let tally = await withTaskGroup(of: ModelRun.Tally.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var tally = ModelRun.Tally()
                    for number in stride(from: task, to: seeds.count, by: tasks) where failed.number == nil {
                        do {
                            tally += try await Self.one(seeds[number])
                        } catch {
                            failed.note(number, error)
                        }
                    }
                    return tally
                }
            }
            return await group.reduce(into: ModelRun.Tally()) { $0 += $1 }
        }
        if let number = failed.number {
            try await Self.tell(seeds[number])
            Issue.record("run \(number + 1), repeat it with UPSERTD_MODEL_RUN=\(seeds[number]): \(failed.reason)")
        }
        let elapsed = ContinuousClock.now - start
        print(
            "model: \(tally.runs) runs, \(tally.actions) actions, \(tally.crashes) crashes, \(tally.records) records, "
                + "\(tally.requests) requests in \(elapsed); UPSERTD_TEST_SEED=\(random.seed)")
        #expect(tally.crashes > 0 && tally.requests > tally.runs)
    }

    private static let emptyQueue = EmptyQueue()

    private static func one(_ seed: UInt64) async throws -> ModelRun.Tally {
        let directory = try Self.emptyQueue.copied()
        let run = try await ModelRun(seed: seed, directory: directory.path, traced: false)
        try await run.run()
        return run.tally
    }

    /// Runs one run and tells every step of it if it fails.
    private static func tell(_ seed: UInt64) async throws {
        let directory = try Self.emptyQueue.copied()
        let run = try await ModelRun(seed: seed, directory: directory.path, traced: true)
        do {
            try await run.run()
        } catch {
            print(run.daemon.trace.lines.joined(separator: "\n"))
            Issue.record("\(error)")
        }
    }
}
