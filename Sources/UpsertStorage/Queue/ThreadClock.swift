internal import Glibc

/// Measures the CPU time that a piece of work takes on its thread.
package struct ThreadClock: Sendable {
    private let thread = pthread_self()
    private let start = Self.now()

    /// Starts now.
    package init() {}

    /// Nanoseconds of CPU since the start; 0 where the work has moved to another thread, whose clock is another one.
    package var elapsed: Int64 { pthread_equal(thread, pthread_self()) != 0 ? Self.now() - start : 0 }

    /// Nanoseconds of CPU that the calling thread has taken so far.
    package static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
