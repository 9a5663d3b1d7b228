#if canImport(Glibc)
    internal import Glibc
#endif

/// The time of day, needed only to read dates that a server sends.
enum WallClock {
    /// Seconds since 1970.
    static func now() -> Int { time(nil) }
}
