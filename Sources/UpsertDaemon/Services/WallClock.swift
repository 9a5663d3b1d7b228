internal import Glibc

/// The time of day, as the queue stores it.
package enum WallClock {
    /// Unix milliseconds.
    package static func now() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
