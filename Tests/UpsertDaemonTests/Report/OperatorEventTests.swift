import Logging
import Synchronization
import Testing
import UpsertTestSupport

@testable import UpsertDaemon

@Suite("Events for operators")
struct OperatorEventTests {
    @Test("every event has an id of its own, as sd-id128(3) writes it")
    func ids() {
        let ids = OperatorEvent.allCases.map(\.rawValue)
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.count == 32 && $0.allSatisfy { $0.isHexDigit && !$0.isUppercase } })
    }

    @Test("an event goes to the journal with its id, its level and its fields")
    func entry() {
        let entry = JournalEntry(
            OperatorEvent.targetHeld.level, "target held",
            [(LogText.messageID, OperatorEvent.targetHeld.rawValue), ("hold", "unauthorized"), ("target", "main")])
        #expect(entry.fields.contains("MESSAGE_ID=85783b47fb89421aa961802575a94e49"))
        #expect(entry.fields.contains("PRIORITY=3"))
        #expect(entry.fields.contains("UPSERTD_TARGET=main") && entry.fields.contains("UPSERTD_HOLD=unauthorized"))
    }

    @Test("a burst of quarantined records is said in a few messages, and none is missing from their sum")
    func burst() {
        var burst = QuarantineBurst()
        var (singles, summarised) = (0, 0)
        for number in 0..<10_000 {
            let now = Int64(number) * 2
            if burst.note("reason \(number)", now: now) { singles += 1 }
            if let summary = burst.summary(now: now) {
                summarised += summary.records
                #expect(summary.reason == "reason \(number)" && summary.duration >= QuarantineBurst.length)
            }
        }
        summarised += burst.summary(now: 20_000, atOnce: true)?.records ?? 0
        #expect(singles + summarised == 10_000 && singles <= 3 * QuarantineBurst.singlesMax)
        #expect(burst.summary(now: 40_000) == nil)
    }

    @Test("a few records are said by themselves, without a summary")
    func few() {
        var burst = QuarantineBurst()
        for _ in 0..<QuarantineBurst.singlesMax {
            let isSingle = burst.note("r", now: 0)
            #expect(isSingle)
        }
        #expect(burst.summary(now: QuarantineBurst.length - 1) == nil)
        #expect(burst.summary(now: QuarantineBurst.length) == nil)
        let isSingleAgain = burst.note("r", now: QuarantineBurst.length + 1)
        #expect(isSingleAgain)
    }

    @Test("a change of level reaches every logger")
    func level() {
        let level = LogLevel(.info)
        let logger = Logger(label: "test") { _ in LineLogHandler(level: level) }
        #expect(logger.logLevel == .info)
        level.set(.debug)
        #expect(logger.logLevel == .debug)
        var own = logger
        own.logLevel = .error
        #expect(own.logLevel == .error && logger.logLevel == .debug)
    }
}
