import Glibc
import Logging
import Testing
import UpsertTestSupport

@testable import UpsertDaemon

@Suite("Logs")
struct LogTests {
    /// What a handler writes when `body` logs.
    private func written(_ body: (inout Logger) -> Void) -> String {
        var ends: [CInt] = [0, 0]
        precondition(pipe(&ends) == 0)
        defer { close(ends[0]) }
        var logger = Logger(label: "test") { _ in LineLogHandler(level: LogLevel(.debug), descriptor: ends[1]) }
        body(&logger)
        close(ends[1])
        var block = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(ends[0], &block, block.count)
        return String(decoding: block[..<max(0, count)], as: UTF8.self)
    }

    @Test("an event is one line: time, level, message, metadata by key")
    func line() {
        let text = written { logger in
            logger[metadataKey: "target"] = "main"
            logger.info(
                "request failed", metadata: ["reason": "connection refused", "delay_ms": "250", "message_id": "x"])
        }
        let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        #expect(parts[0].count == 20 && parts[0].hasSuffix("Z"))
        #expect(parts[1] == "info  request failed delay_ms=250 reason=\"connection refused\" target=main\n")
    }

    @Test("the event's metadata wins over the logger's, and levels below the logger's are dropped")
    func metadata() {
        let text = written { logger in
            logger[metadataKey: "target"] = "a"
            logger.trace("not shown")
            logger.error("shown", metadata: ["target": "b"])
        }
        #expect(text.hasSuffix(" error shown target=b\n"))
        #expect(text.split(separator: "\n").count == 1)
    }

    @Test("a name from outside cannot forge a line or hide one")
    func forgery() {
        let name = "a\n2026-11-21T10:00:00Z error all is lost\u{1B}[2K\u{202E}"
        let text = written {
            $0.info("left alone: \(name)", metadata: ["file": "\(name)", "say": "\"\"", "empty": ""])
        }
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
        #expect(!text.contains("\u{1B}") && !text.contains("\u{202E}"))
        #expect(text.contains("left alone: a\\x0a2026"))
        #expect(text.hasSuffix(" empty=\"\" file=\"\(LogText.escaped(name))\" say=\"\\\"\\\"\"\n"))
    }

    @Test(
        "times are right at the edges of the calendar",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400_000, "2000-02-29T00:00:00Z"),
            (951_868_799_999, "2000-02-29T23:59:59Z"),
            (951_868_800_000, "2000-03-01T00:00:00Z"), (1_795_255_200_000, "2026-11-21T10:00:00Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"), (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ])
    func timestamps(milliseconds: Int64, text: String) {
        #expect(Timestamp.text(milliseconds: milliseconds) == text)
    }

    @Test("times agree with the C library")
    func timestampsAgree() {
        var random = TestRandom.forTest()
        for _ in 0..<TestEnvironment.runs(2_000) {
            var seconds = time_t.random(in: 0..<253_402_300_800, using: &random)
            var parts = tm()
            gmtime_r(&seconds, &parts)
            var buffer = [CChar](repeating: 0, count: 32)
            let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
            let expected = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
            #expect(Timestamp.text(milliseconds: Int64(seconds) * 1_000 + 999) == expected)
        }
    }

    @Test("a journal entry has the message for people and every value as a field")
    func journalFields() {
        let entry = JournalEntry(
            .warning, "record quarantined",
            [("message_id", "0123456789abcdef0123456789abcdef"), ("namespace", "a b"), ("x-odd.key", "two\nlines")])
        #expect(
            entry.fields == [
                "MESSAGE=record quarantined namespace=\"a b\" x-odd.key=two\\x0alines", "PRIORITY=4",
                "SYSLOG_IDENTIFIER=upsertd",
                "MESSAGE_ID=0123456789abcdef0123456789abcdef", "UPSERTD_NAMESPACE=a b", "UPSERTD_X_ODD_KEY=two\nlines",
            ])
    }

    @Test("a field's name stays within what the journal takes")
    func fieldNames() {
        #expect(JournalEntry.fieldName("ключ=") == "UPSERTD_________" + "_")
        #expect(JournalEntry.fieldName(String(repeating: "k", count: 100)).utf8.count == 64)
    }

    @Test("levels are syslog priorities")
    func priorities() {
        #expect(Logger.Level.allCases.map(JournalEntry.priority) == [7, 7, 6, 5, 4, 3, 2])
    }

    @Test("the journal is used only where standard error leads there")
    func destination() {
        var ends: [CInt] = [0, 0]
        precondition(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var status = stat()
        fstat(ends[1], &status)
        let own = "\(status.st_dev):\(status.st_ino)"
        func destination(_ stream: String?, socket: String = "/") -> LogDestination {
            LogDestination.current(journalStream: stream, descriptor: ends[1], socket: socket)
        }
        #expect(destination(own) == .journal)
        #expect(destination(own, socket: "/nowhere/socket") == .lines)
        #expect(destination("\(status.st_dev):1") == .lines)
        #expect(destination(nil) == .lines)
        #expect(destination("nonsense") == .lines)
    }
}
