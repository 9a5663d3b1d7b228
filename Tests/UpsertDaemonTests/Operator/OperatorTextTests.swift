import Testing

@testable import UpsertDaemon

@Suite("Text for operators")
struct OperatorTextTests {
    @Test("status shows the numbers, the targets, and what to mend")
    func status() {
        let text = StatusText.render(fullReport())
        #expect(text.hasPrefix("upsertd 1.2.3, pid 42, up 65 s\nrunning: 1,241 queued"))
        for part in [
            "delivered      8,000  781 KiB  in 12 requests",
            "main       held: unauthorized   1,241         2    4  grpc vectors  https://a.svc.pinecone.io",
            "textIndex  paused                   0         0    8  rest records  http://127.0.0.1:5080",
            "/var/spool/a\\b  main           3        1  inotify",
            "target main is held since 2026-11-21T10:00:01Z: Invalid API \"Key\"",
            "target gone is not configured; 1 records wait for it and 2 are in quarantine",
            "a damaged queue was set aside as /q/queue.db.damaged-1",
            "/app.db has no outbox; mend it with: upsertctl outbox init /app.db",
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test(
        "sizes have three digits",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1_000, "1.0 KiB"), (102_400, "100 KiB"), (1 << 30, "1.0 GiB"),
            (1 << 50, "1024 TiB"),
        ])
    func sizes(bytes: Int, text: String) {
        #expect(StatusText.size(bytes) == text)
    }

    @Test("the quarantine is grouped by what the server said, the largest group first")
    func quarantine() {
        let entries =
            (1...7).map { QuarantineReport(quarantineEntry($0, id: "doc-\($0)")) }
            + [QuarantineReport(quarantineEntry(8, id: "a\nb", reason: "another"))]
        let text = QuarantineText.render(entries)
        #expect(text.hasPrefix("7 records of target main in the default namespace: Vector dimension 3 does not match"))
        #expect(text.contains("     2  2026-11-21T10:00:00Z  upsert        33  doc-2  superseded by a newer write\n"))
        #expect(text.contains("\n  and 2 more (--all)\n"))
        #expect(text.contains("1 record of target main in the default namespace: another\n"))
        #expect(text.hasSuffix("upsert        33  a\\x0ab"))
        #expect(QuarantineText.render(entries, shownMax: .max).contains("doc-7"))
        #expect(QuarantineText.render([]) == "nothing is in quarantine")
    }

    @Test("reasons that differ only in numbers and quoted names are one group, with one of them as an example")
    func reasonGroups() {
        let entries = (1...3).map {
            QuarantineReport(quarantineEntry($0, reason: "Vector \"doc-\($0)\" has \($0) values, index has 768"))
        }
        let text = QuarantineText.render(entries)
        #expect(
            text.hasPrefix("3 records of target main in the default namespace: such as: Vector \"doc-1\" has 1 values"))
        #expect(Set(entries.map(\.reasonGroup)).count == 1)
    }

    @Test("one record is shown with all that is known of it")
    func quarantineDetail() {
        let text = QuarantineText.detail(QuarantineReport(quarantineEntry(2, id: "a\nb")))
        for part in [
            "number       2\n", "namespace    __default__\n", "id           a\\x0ab\n",
            "accepted     2026-11-21T09:58:20Z\n",
            "quarantined  2026-11-21T10:00:00Z\n", "superseded   yes: a newer write", "reason       Vector dimension",
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }

    @Test("a receipt is one line")
    func receipts() {
        var report = ReceiptReport(receipt(name: "a.ndjson"))
        #expect(
            ReceiptText.line(report)
                == "a.ndjson: settled; 10 accepted, 6 delivered, 2 superseded, 1 without effect, 1 rejected, 1 quarantined"
        )
        report.settled = false
        #expect(ReceiptText.line(report).hasPrefix("a.ndjson: accepted, not settled yet; "))
        report.complete = false
        #expect(ReceiptText.line(report).hasPrefix("a.ndjson: not accepted whole yet; "))
    }
}
