internal import CSystemd
internal import Glibc
package import Logging

/// Sends log events to the journal with native fields: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER, MESSAGE_ID where the metadata
/// has `message_id`, and UPSERTD_KEY for every other metadata key.
package struct JournalLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let shared: LogLevel
    private var own: Logger.Level?

    package init(level: LogLevel) { shared = level }

    package var logLevel: Logger.Level {
        get { own ?? shared.current }
        set { own = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let merged = LogText.merged(metadata, metadataProvider, event.metadata)
        let entry = JournalEntry(event.level, event.message.description, merged)
        guard !entry.send() else { return }
        // The journal is gone: say it where it can still be read.
        LineLogHandler(level: shared).log(event: event)
    }
}

/// The fields of one journal entry, each `NAME=value`.
struct JournalEntry {
    private(set) var fields: [String] = []

    init(_ level: Logger.Level, _ message: String, _ metadata: [(key: String, value: String)]) {
        // What an operator reads is the message, so it says the metadata too.
        let shown = metadata.filter { $0.key != LogText.messageID }
        fields.append("MESSAGE=" + LogText.line(message, shown))
        fields.append("PRIORITY=\(Self.priority(level))")
        fields.append("SYSLOG_IDENTIFIER=upsertd")
        for (key, value) in metadata {
            fields.append("\(key == LogText.messageID ? "MESSAGE_ID" : Self.fieldName(key))=\(value)")
        }
    }

    /// Capitals, digits and underscores, at most 64 bytes. Source: systemd.journal-fields(7), sd_journal_send(3).
    static func fieldName(_ key: String) -> String {
        let name = key.uppercased().utf8.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        return String(decoding: Array("UPSERTD_".utf8) + name.prefix(56), as: UTF8.self)
    }

    /// Source: syslog(3).
    static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }

    /// Hands the entry to the journal; false where that fails.
    func send() -> Bool {
        var arena: [UInt8] = []
        var ends: [Int] = []
        for field in fields {
            arena += field.utf8
            ends.append(arena.count)
        }
        return unsafe arena.withUnsafeMutableBytes { bytes -> Bool in
            var start = 0
            let vectors = unsafe ends.map { end -> iovec in
                defer { start = end }
                return unsafe iovec(iov_base: bytes.baseAddress.map { unsafe $0 + start }, iov_len: end - start)
            }
            return unsafe vectors.withUnsafeBufferPointer { vectors in
                guard let first = vectors.baseAddress else { return true }
                return unsafe sd_journal_sendv(first, CInt(vectors.count)) == 0
            }
        }
    }
}
