internal import Glibc
internal import Synchronization

/// Lets the intake thread sleep until a descriptor has something to say, somebody wakes it, or time is up.
final class IntakePause: Sendable {
    private let reading: Int32
    private let writing: Int32

    /// - Throws: When the process has no descriptors left.
    init() throws(DescriptorsExhausted) {
        var ends: (Int32, Int32) = (0, 0)
        let made = unsafe withUnsafeMutableBytes(of: &ends) { unsafe pipe($0.bindMemory(to: Int32.self).baseAddress!) }
        guard made == 0 else { throw DescriptorsExhausted() }
        (reading, writing) = ends
        for end in [reading, writing] {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// Ends the current sleep, or the next one at once.
    func wake() {
        var byte: UInt8 = 1
        // A full pipe wakes just as well.
        _ = unsafe write(writing, &byte, 1)
    }

    /// Sleeps, at most `milliseconds`.
    func sleep(watching descriptors: [Int32], milliseconds: Int64) {
        var polled = ([reading] + descriptors).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = unsafe poll(&polled, nfds_t(polled.count), Int32(clamping: milliseconds))
        var drained = [UInt8](repeating: 0, count: 64)
        while unsafe read(reading, &drained, drained.count) > 0 {}
    }
}

/// The process has no descriptors left.
struct DescriptorsExhausted: Error, CustomStringConvertible {
    var description: String { "no pipe can be opened: the process has no file descriptors left; raise LimitNOFILE=" }
}
