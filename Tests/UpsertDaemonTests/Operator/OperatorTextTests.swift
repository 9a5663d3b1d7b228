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
        #expect(text.contains("     2  2026-11-21T10:00:00Z  upsert     doc-2  superseded by a newer write\n"))
        #expect(text.contains("\n  and 2 more (--all)\n"))
        #expect(text.contains("1 record of target main in the default namespace: another\n"))
        #expect(text.hasSuffix("upsert     a\\x0ab"))
        #expect(QuarantineText.render(entries, shownMax: .max).contains("doc-7"))
        #expect(QuarantineText.render([]) == "nothing is in quarantine")
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
