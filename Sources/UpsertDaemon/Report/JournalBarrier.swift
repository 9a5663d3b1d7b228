internal import Glibc

/// Waits until the journal has taken in what this process has said, before it ends.
///
/// The journal learns from /proc, when it reads an entry, which unit its sender belongs to: the last words of a process that has
/// ended by then are nobody's, and `journalctl -u` does not show them. Entries are read in their order, so that once an empty
/// one is read, all before it are.
package enum JournalBarrier {
    /// Waits; returns at once where there is no journal.
    ///
    /// - Parameters:
    ///   - limit: The longest to wait for a journal that does not read.
    ///   - path: The journal's socket; another one in tests.
    /// - Returns: Whether everything was read.
    @discardableResult
    package static func wait(
        atMost limit: Duration = .seconds(2), path: String = "/run/systemd/journal/socket"
    ) -> Bool {
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard connect(descriptor, path) else { return false }
        let deadline = ContinuousClock.now + limit
        // The journal's queue may be full.
        while send(descriptor, nil, 0, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT)) < 0 {
            guard errno == EAGAIN || errno == EINTR, ContinuousClock.now < deadline else { return false }
            usleep(pause)
        }
        while unread(descriptor) > 0 {
            guard ContinuousClock.now < deadline else { return false }
            usleep(pause)
        }
        return true
    }

    /// Microseconds between two looks; nothing tells when a datagram is read.
    private static let pause: useconds_t = 1_000

    private static func connect(_ descriptor: CInt, _ path: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        } == 0
    }

    /// Bytes, with what they lie in, that the other side has not read; an empty datagram counts too. Source: unix(7).
    private static func unread(_ descriptor: CInt) -> CInt {
        var count: CInt = 0
        return unsafe ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? count : 0
    }
}
