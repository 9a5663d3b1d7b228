import Testing
import UpsertDaemon

@Suite("The law of the counters")
struct TotalsCheckTests {
    private func report(accepted: Int, delivered: Int, queued: Int) -> StatusReport {
        var report = StatusReport(state: .running, version: "1", pid: 1, startedAt: 0, now: 0)
        report.accepted.records = accepted
        report.delivered.records = delivered
        report.queued.records = queued
        report.coalesced.records = 3
        report.noEffect.records = 2
        report.dropped.records = 1
        report.quarantined.current = 4
        report.quarantined.records = 100
        report.rejected.records = 100
        return report
    }

    @Test("what adds up is sound, whatever was rejected or was once in quarantine")
    func sound() {
        var check = TotalsCheck()
        for delivered in 0..<20 {
            #expect(check.verdict(report(accepted: 110, delivered: delivered, queued: 100 - delivered)) == .sound)
        }
    }

    @Test("what breaks while the daemon runs is said once, when it was seen twice")
    func broken() {
        var check = TotalsCheck()
        #expect(check.verdict(report(accepted: 110, delivered: 50, queued: 50)) == .sound)
        #expect(check.verdict(report(accepted: 110, delivered: 50, queued: 49)) == .sound)
        let text =
            "accepted 110 != delivered 50 + coalesced 3 + no effect 2 + dropped 1 + quarantined 4 + queued 49"
        #expect(check.verdict(report(accepted: 110, delivered: 50, queued: 49)) == .broken(text))
        #expect(check.verdict(report(accepted: 110, delivered: 50, queued: 49)) == .sound)
    }

    @Test("what passes is not said")
    func passing() {
        var check = TotalsCheck()
        _ = check.verdict(report(accepted: 110, delivered: 50, queued: 50))
        for queued in [49, 50, 48, 49, 50] {
            #expect(check.verdict(report(accepted: 110, delivered: 50, queued: queued)) == .sound)
        }
    }

    @Test("what was stored wrong is said and counted on from, since a restart would find it again")
    func found() {
        var check = TotalsCheck()
        guard case .foundBroken = check.verdict(report(accepted: 110, delivered: 50, queued: 45)) else {
            Issue.record("not said")
            return
        }
        #expect(check.verdict(report(accepted: 110, delivered: 60, queued: 35)) == .sound)
        #expect(check.verdict(report(accepted: 110, delivered: 60, queued: 35)) == .sound)
        #expect(check.verdict(report(accepted: 110, delivered: 60, queued: 40)) == .sound)
        guard case .broken = check.verdict(report(accepted: 110, delivered: 60, queued: 40)) else {
            Issue.record("not said")
            return
        }
    }
}
