internal import Glibc

/// Makes sure that only one process uses a queue directory: an exclusive `flock` on a file in it, held until exit.
package final class InstanceLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Throws: ``QueueError`` with code ``QueueError/Code/inUse`` when another process holds it.
    package init(directory: String) throws {
        let path = directory + "/lock"
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else {
            throw QueueError(.unusable, "cannot open \(path): \(systemMessage(errno))")
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            throw QueueError(
                .inUse,
                "the queue in \(directory) is in use by another process; stop that one, or give this one its own queue.directory"
            )
        }
        descriptor = opened
    }

    deinit { close(descriptor) }
}

/// The C library's text for an `errno`.
package func systemMessage(_ number: Int32) -> String {
    unsafe String(cString: strerror(number))
}
