import Testing
import UpsertCore
import UpsertDaemon

@testable import UpsertStorage

/// A report in which every field has a value of its own.
func fullReport() -> StatusReport {
    var report = StatusReport(
        state: .running, version: "1.2.3", pid: 42, startedAt: 1_795_255_200_000, now: 1_795_255_265_500)
    var main = TargetReport(host: "https://a.svc.pinecone.io", api: "vectors", transport: "grpc")
    main.hold = TargetReport.HoldReport(kind: "unauthorized", reason: "Invalid API \"Key\"", since: 1_795_255_201_000)
    main.inFlight.requests = 2
    main.inFlight.records = 700
    main.unresolved = 1
    main.concurrency = 4
    main.unresolvedMax = 16
    main.retryBudget = 0.75
    main.heldNamespaces = [
        .init(namespace: "old", hold: .init(kind: "alias", reason: "an alias", since: 1_788_000_000_000))
    ]
    main.heldNamespacesCount = 1
    main.bytesBound = 1_000_000
    main.dimension = 768
    main.lastError = TargetReport.LastError(at: 1_795_255_202_000, message: "unavailable")
    report.targets["main"] = main
    var idle = TargetReport(host: "http://127.0.0.1:5080", api: "records", transport: "rest")
    idle.paused = true
    idle.concurrency = 8
    report.targets["textIndex"] = idle
    var spool = SpoolReport(directory: "/var/spool/a\\b", target: "main", watching: .inotify)
    spool.incoming = 3
    spool.claimed = 1
    spool.problems = [ProblemReport(path: "/var/spool/x", reason: "is a FIFO", mend: "rm -- /var/spool/x")]
    report.spools = [spool]
    report.outboxes = [
        OutboxReport(
            path: "/app.db", target: "main", state: .failed,
            problem: ProblemReport(path: "/app.db", reason: "has no outbox", mend: "upsertctl outbox init /app.db"))
    ]
    var totals = Totals()
    totals.acceptedRecords = 10_000
    totals.acceptedBytes = 1_000_000
    totals.deliveredRecords = 8_000
    totals.deliveredRequests = 12
    totals.deliveredBytes = 800_000
    totals.coalescedRecords = 700
    totals.noEffectRecords = 50
    totals.rejectedRecords = 6
    totals.quarantinedRecords = 9
    totals.droppedRecords = 4
    report.take(
        QueueStatus(
            totals: totals, queuedRecords: 1_241, queuedBytes: 123_456, oldestAcceptedAt: 1_795_255_262_250,
            quarantinedCurrent: 5, heldKeys: 11, queuedByTarget: ["main": 1_241, "gone": 1],
            quarantinedByTarget: ["gone": 2, "main": 3], fileBytes: 65_536, reserveBytes: 1_048_576, isDiskFull: true),
        startedUnclean: true, now: 1_795_255_265_500)
    report.queue.setAside = "/q/queue.db.damaged-1"
    report.delivered.recordsPerSecond = 512.25
    report.stages.decode = .init(StageTotals(records: 10_006, bytes: 17_000_000, cpuNanoseconds: 1_500_000_000))
    report.summarise()
    return report
}

@Suite("Status report")
struct StatusReportTests {
    @Test("the JSON has the documented shape, to the byte")
    func golden() throws {
        let golden = """
            {"accepted":{"bytes":1000000,"records":10000},"coalesced":{"records":700},"delivered":{"bytes":800000,\
            "records":8000,"records_per_second":512.25,"requests":12},"dropped":{"records":4},"held_keys":11,"idle":false,\
            "in_flight":{"records":700,"requests":2},"no_effect":{"records":50},"orphaned":{"gone":{"quarantined_records":2,\
            "queued_records":1}},"outboxes":[{"path":"/app.db","problem":\
            {"mend":"upsertctl outbox init /app.db","path":"/app.db","reason":"has no outbox"},"state":"failed","target":\
            "main"}],"pid":42,"quarantined":{"current":5,"records":9},"queue":{"disk_full":true,"file_bytes":65536,\
            "reserve_bytes":1048576,"set_aside":"/q/queue.db.damaged-1","started_unclean":true},\
            "queued":{"bytes":123456,"oldest_age_seconds":3.25,"records":1241},"rejected":{"records":6},"schema":1,\
            "spools":[{"claimed":1,"directory":"/var/spool/a\\\\b","incoming":3,"problems":[{"mend":"rm -- /var/spool/x",\
            "path":"/var/spool/x","reason":"is a FIFO"}],"target":"main","watching":"inotify"}],"stages":{\
            "accept":{"bytes":0,"cpu_seconds":0,"records":0},"decode":{"bytes":17000000,"cpu_seconds":1.5,"records":10006},\
            "send":{"bytes":0,"cpu_seconds":0,"records":0},"settle":{"bytes":0,"cpu_seconds":0,"records":0},\
            "take":{"bytes":0,"cpu_seconds":0,"records":0}},"started_at":\
            "2026-11-21T10:00:00Z","state":"running","targets":{"main":{"api":"vectors","bytes_bound":1000000,\
            "concurrency":4,"dimension":768,"held_namespaces":[{"hold":{"kind":"alias","reason":"an alias","since":\
            "2026-08-29T10:40:00Z"},"namespace":"old"}],"held_namespaces_count":1,\
            "hold":{"kind":"unauthorized","reason":"Invalid API \\"Key\\"","since":\
            "2026-11-21T10:00:01Z"},"host":"https://a.svc.pinecone.io","in_flight":{"records":700,"requests":2},\
            "last_error":{"at":"2026-11-21T10:00:02Z","message":"unavailable"},"paused":false,"queued_records":1241,\
            "retry_budget":0.75,"transport":"grpc","unresolved":1,"unresolved_max":16},\
            "textIndex":{"api":"records","concurrency":8,"held_namespaces":[],\
            "held_namespaces_count":0,"host":"http://127.0.0.1:5080",\
            "in_flight":{"records":0,"requests":0},"paused":true,"queued_records":0,"retry_budget":1,\
            "transport":"rest","unresolved":0,"unresolved_max":0}},\
            "uptime_seconds":65,"version":"1.2.3"}
            """
        #expect(String(decoding: try StatusJSON.encode(fullReport()), as: UTF8.self) == golden)
    }

    @Test("what is written is read back, names of targets as they are")
    func roundTrip() throws {
        let report = fullReport()
        #expect(try StatusJSON.decode(StatusReport.self, from: StatusJSON.encode(report)) == report)
    }

    @Test("accepted = delivered + coalesced + no effect + dropped + quarantined now + queued")
    func identity() {
        let report = fullReport()
        #expect(
            report.accepted.records
                == report.delivered.records + report.coalesced.records + report.noEffect.records
                + report.dropped.records + report.quarantined.current + report.queued.records)
    }

    @Test("idle means that nothing waits anywhere, and that the daemon knows it")
    func idle() {
        var empty = StatusReport(state: .running, version: "1", pid: 1, startedAt: 0, now: 0)
        empty.targets["main"] = TargetReport(host: "", api: "vectors", transport: "grpc")
        empty.spools = [SpoolReport(directory: "/s", target: "main", watching: .polling)]
        empty.outboxes = [OutboxReport(path: "/o", target: "main", state: .idle)]
        func idle(_ change: (inout StatusReport) -> Void) -> Bool {
            var report = empty
            change(&report)
            report.summarise()
            return report.idle
        }
        #expect(idle { _ in })
        #expect(!idle { $0.state = .starting })
        #expect(!idle { $0.queued.records = 1 })
        #expect(!idle { $0.targets["main"]?.inFlight.requests = 1 })
        #expect(!idle { $0.spools[0].incoming = 1 })
        #expect(!idle { $0.spools[0].claimed = 1 })
        #expect(!idle { $0.outboxes[0].state = .reading })
        #expect(!idle { $0.outboxes[0].state = .failed })
    }

    @Test("the line for systemctl status says what matters")
    func summary() {
        #expect(
            fullReport().summary == """
                running: 1,241 queued (oldest 3 s), 2 requests in flight, 512 rec/s, 5 quarantined, \
                main held: Invalid API "Key"; 1 namespace held; paused: textIndex, disk full, intake stopped, \
                a damaged queue was set aside, 2 problems
                """)
        var quiet = StatusReport(state: .running, version: "1", pid: 1, startedAt: 0, now: 0)
        #expect(quiet.summary == "running: nothing queued, 0 requests in flight, 0 rec/s, no holds")
        quiet.state = .failed
        quiet.failure = "the disk is full"
        #expect(quiet.summary == "failed: the disk is full")
    }

    @Test(
        "ages and numbers read well",
        arguments: [
            (0, "0 s"), (119.9, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d"),
        ])
    func ages(seconds: Double, text: String) {
        #expect(age(seconds: seconds) == text)
        #expect([0, 999, 1_000, -1_234_567].map(grouped) == ["0", "999", "1,000", "-1,234,567"])
    }

    @Test("the rate is that of the last ten seconds")
    func rate() {
        var rate = DeliveryRate()
        #expect(rate.note(1_000, now: 0) == 0)
        #expect(rate.note(1_500, now: 1_000) == 500)
        for second in 2...20 { _ = rate.note(1_500, now: Int64(second) * 1_000) }
        #expect(rate.note(1_500, now: 21_000) == 0)
        #expect(rate.note(2_500, now: 22_000) == 100)
    }
}
