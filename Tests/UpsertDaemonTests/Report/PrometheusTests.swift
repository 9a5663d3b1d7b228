import Testing
import UpsertDaemon

@Suite("Metrics")
struct PrometheusTests {
    private let lines = fullReport().metrics.split(separator: "\n").map(String.init)

    @Test(
        "the numbers are those of the status",
        arguments: [
            "upsertd_info{version=\"1.2.3\"} 1", "upsertd_state{state=\"running\"} 1",
            "upsertd_state{state=\"failed\"} 0",
            "upsertd_queued_records 1241", "upsertd_queued_oldest_age_seconds 3.25",
            "upsertd_accepted_records_total 10000",
            "upsertd_delivered_requests_total 12", "upsertd_rejected_records_total 6", "upsertd_quarantine_records 5",
            "upsertd_quarantined_records_total 9", "upsertd_held_keys 11", "upsertd_idle 0",
            "upsertd_target_held{target=\"main\",kind=\"unauthorized\"} 1",
            "upsertd_target_held{target=\"textIndex\",kind=\"\"} 0",
            "upsertd_target_request_bytes_max{target=\"main\"} 1000000",
            "upsertd_target_paused{target=\"textIndex\"} 1",
            "upsertd_target_in_flight_requests{target=\"main\"} 2",
            "upsertd_spool_incoming_files{directory=\"/var/spool/a\\\\b\"} 3",
            "upsertd_outbox_failed{path=\"/app.db\"} 1", "upsertd_stage_cpu_seconds_total{stage=\"decode\"} 1.5",
            "upsertd_stage_records_total{stage=\"decode\"} 10006",
        ])
    func samples(line: String) {
        #expect(lines.contains(line))
    }

    @Test("a metric without a value is absent, not zero")
    func absent() {
        #expect(!lines.contains { $0.hasPrefix("upsertd_target_request_bytes_max{target=\"textIndex\"}") })
    }

    @Test("every family has help and type before its samples; counters, and only they, end in _total")
    func families() {
        var types: [String: String] = [:]
        var helped: Set<String> = []
        for line in lines {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                #expect(helped.insert(words[2]).inserted, "\(words[2]) has one help")
            } else if line.hasPrefix("# TYPE ") {
                #expect(helped.contains(words[2]))
                types[words[2]] = words[3]
            } else {
                let name = String(line.prefix { $0 != "{" && $0 != " " })
                #expect(name.hasPrefix("upsertd_"))
                #expect(types[name] == (name.hasSuffix("_total") ? "counter" : "gauge"), "\(name)")
            }
        }
        #expect(Set(types.keys) == helped)
    }

    @Test("label values and help are escaped")
    func escaping() {
        var report = fullReport()
        report.spools[0].directory = "a\"b\\c\nd"
        #expect(report.metrics.contains("upsertd_spool_claimed_files{directory=\"a\\\"b\\\\c\\nd\"} 1\n"))
    }
}
