/// Where accepted records wait: `queue`.
package struct QueueConfiguration: Sendable, Equatable {
    /// `directory`: private to upsertd. Absolute path; default /var/lib/upsertd.
    package var directory: String
    /// `index_memory_max`: memory for the index by which a newer write finds the one that waits, in bytes; 20 bytes a
    /// record. Beyond it both are sent, in order. 1MiB…1TiB; default 256MiB.
    package var indexBytesMax: Int

    /// `disk_reserve`: bytes of disk kept for storing what was delivered when the rest is full, at most a quarter of the disk.
    /// 16MiB…1TiB; default 32MiB.
    package var reserveBytes: Int
    /// `on_damage`: what a start does with a damaged queue: `refuse` or `start_fresh`. Default refuse.
    package var onDamage: OnDamage

    /// What a start does with a damaged queue.
    package enum OnDamage: String, Sendable, CaseIterable {
        /// Ends with the command that saves what can be read.
        case refuse
        /// Sets it aside under a new name and starts with an empty one.
        case startFresh = "start_fresh"
    }

    /// Bytes of memory that one waiting record takes in the index.
    package static let indexBytesPerRecord = 20

    /// Records that the index holds.
    package var indexRecordsMax: Int { indexBytesMax / Self.indexBytesPerRecord }

    package init(directory: String) {
        self.directory = directory
        indexBytesMax = ConfigurationDefaults.queueIndexMemoryMax
        reserveBytes = ConfigurationDefaults.queueDiskReserve
        onDamage = .refuse
    }

    /// Reads `queue`.
    init(_ section: ConfigurationSection?) {
        self.init(directory: ConfigurationDefaults.queueDirectory)
        guard let section else { return }
        directory = section.path("directory") ?? directory
        indexBytesMax = section.size(
            "index_memory_max", default: indexBytesMax, in: ConfigurationDefaults.queueIndexMemoryRange)
        reserveBytes = section.size(
            "disk_reserve", default: reserveBytes, in: ConfigurationDefaults.queueDiskReserveRange)
        onDamage = section.choice("on_damage", of: OnDamage.allCases) ?? onDamage
        section.reportUnknownKeys()
    }
}
