/// Where accepted records wait: `queue`.
package struct QueueConfiguration: Sendable, Equatable {
    /// `directory`: private to upsertd. Absolute path; default /var/lib/upsertd.
    package var directory: String
    /// `index_memory_max`: memory for the index by which a newer write finds the one that waits, in bytes; 20 bytes a
    /// record. Beyond it both are sent, in order. 1MiB…1TiB; default 256MiB.
    package var indexBytesMax: Int

    /// Bytes of memory that one waiting record takes in the index.
    package static let indexBytesPerRecord = 20

    /// Records that the index holds.
    package var indexRecordsMax: Int { indexBytesMax / Self.indexBytesPerRecord }

    package init(directory: String) {
        self.directory = directory
        indexBytesMax = ConfigurationDefaults.queueIndexMemoryMax
    }

    /// Reads `queue`.
    init(_ section: ConfigurationSection?) {
        self.init(directory: ConfigurationDefaults.queueDirectory)
        guard let section else { return }
        directory = section.path("directory") ?? directory
        indexBytesMax = section.size(
            "index_memory_max", default: indexBytesMax, in: ConfigurationDefaults.queueIndexMemoryRange)
        section.reportUnknownKeys()
    }
}
