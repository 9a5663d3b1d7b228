internal import Glibc

/// Standard output and standard error.
enum Console {
    /// Writes a text and a line end to standard output.
    static func say(_ text: String) { write(Array((text + "\n").utf8), to: STDOUT_FILENO) }

    /// Writes bytes as they are to standard output.
    static func put(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    /// Writes what went wrong to standard error.
    static func complain(_ text: String) { write(Array("upsertctl: \(text)\n".utf8), to: STDERR_FILENO) }

    /// Writes a line as it is to standard error.
    static func note(_ line: String) { write(Array((line + "\n").utf8), to: STDERR_FILENO) }

    /// Whether a person is likely to look at standard output.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    private static func write(_ bytes: [UInt8], to descriptor: CInt) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // Whoever was to read it has gone.
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Lets time pass.
    static func pause(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var rest = timespec(tv_sec: time_t(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        var left = timespec()
        while unsafe nanosleep(&rest, &left) != 0, errno == EINTR { rest = left }
    }
}
