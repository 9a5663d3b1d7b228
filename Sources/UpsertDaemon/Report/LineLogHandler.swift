internal import Glibc
package import Logging

/// Writes log events as single lines on standard error: `2026-11-21T10:00:00Z info  message key=value`.
package struct LineLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let shared: LogLevel
    private var own: Logger.Level?
    private let descriptor: CInt

    /// - Parameter descriptor: Where lines go; standard error unless a test listens.
    package init(level: LogLevel, descriptor: CInt = STDERR_FILENO) {
        shared = level
        self.descriptor = descriptor
    }

    package var logLevel: Logger.Level {
        get { own ?? shared.current }
        set { own = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = LogText.merged(metadata, metadataProvider, event.metadata).filter { $0.key != LogText.messageID }
        write(Self.line(event.level, event.message.description, fields, now: WallClock.now()))
    }

    /// The line without its end.
    static func line(
        _ level: Logger.Level, _ message: String, _ fields: [(key: String, value: String)], now: Int64
    ) -> String {
        let word = level.rawValue
        let padding = String(repeating: " ", count: max(0, 5 - word.count))
        return "\(Timestamp.text(milliseconds: now)) \(word)\(padding) \(LogText.line(message, fields))"
    }

    /// One write, so that lines of several threads and processes do not mix.
    private func write(_ line: String) {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Nobody can be told that the log cannot be written.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
