/// Every default and every allowed range of the configuration file, in one place.
enum ConfigurationDefaults {
    static let spoolSettle: Duration = .seconds(2)
    static let spoolSettleRange: ClosedRange<Duration> = .milliseconds(10)...(.seconds(3_600))
    static let spoolFileSizeMax = 1 << 40
    static let spoolFileSizeRange = 1 << 10...1 << 50
    static let spoolLineSizeMax = 32 << 20
    static let spoolLineSizeRange = 1 << 10...1 << 30

    static let queueDirectory = "/var/lib/upsertd"
    static let queueIndexMemoryMax = 256 << 20
    static let queueIndexMemoryRange = 1 << 20...1 << 40
    static let queueDiskReserve = 32 << 20
    static let queueDiskReserveRange = 16 << 20...1 << 40

    static let statusMode: UInt32 = 0o660
    static let statusAdminGroup = "upsertd-admin"
    /// `sockaddr_un.sun_path` holds 108 bytes with the terminating NUL; source: unix(7).
    static let statusSocketBytesMax = 107

    static let requestsInFlightMax = 12
    static let requestsInFlightRange = 1...1_000
    static let unresolvedMax = 16
    static let unresolvedRange = 1...1_000
    static let governorRange = 0...1_000_000_000
    static let governorBytesRange = 0...1 << 40
    static let connections = 2
    static let connectionsRange = 1...64
    static let linger: Duration = .milliseconds(200)
    static let lingerRange: ClosedRange<Duration> = .zero...(.seconds(3_600))
    static let requestTimeout: Duration = .seconds(30)
    static let requestTimeoutRange: ClosedRange<Duration> = .seconds(1)...(.seconds(600))
    static let connectTimeout: Duration = .seconds(5)
    static let connectTimeoutRange: ClosedRange<Duration> = .milliseconds(100)...(.seconds(300))
    static let ambiguousHold: Duration = .seconds(60)
    static let ambiguousHoldRange: ClosedRange<Duration> = .seconds(2)...(.seconds(86_400))

    static let shutdownTimeout: Duration = .seconds(20)
    static let shutdownTimeoutRange: ClosedRange<Duration> = .seconds(1)...(.seconds(3_600))

    /// Bytes of a configuration file.
    static let fileBytesMax = 1 << 20
}
