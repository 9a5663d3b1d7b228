/// One drop directory: an item of `spools`.
package struct SpoolConfiguration: Sendable, Equatable {
    /// `directory`: holds `incoming/ claimed/ rejected/ done/`. Absolute path; required.
    package var directory: String
    /// `target`: name of the target that its records go to; required.
    package var target: String
    /// `namespace`: for files directly in `incoming/` whose records name none. 0…512 ASCII characters; empty is the
    /// default namespace. Default: empty.
    package var namespace: String
    /// `settle`: how long a file found by a scan must be unchanged to count as complete. 10ms…1h; default 2s.
    package var settle: Duration
    /// `max_file_size`: a larger file is left alone and reported, in bytes. 1KiB…1024TiB; default 1TiB.
    package var fileBytesMax: Int
    /// `max_line_size`: a longer line is refused, in bytes. 1KiB…1GiB; default 32MiB. Reading takes that much memory.
    package var lineBytesMax: Int
    /// `keep_done`: whether accepted files move to `done/` instead of being removed. Default false.
    package var keepsDone: Bool

    package init(directory: String, target: String) {
        self.directory = directory
        self.target = target
        namespace = ""
        settle = ConfigurationDefaults.spoolSettle
        fileBytesMax = ConfigurationDefaults.spoolFileSizeMax
        lineBytesMax = ConfigurationDefaults.spoolLineSizeMax
        keepsDone = false
    }

    /// Reads an item of `spools`.
    init(_ section: ConfigurationSection) {
        typealias Defaults = ConfigurationDefaults
        let directory = section.requiredPath("directory", example: "/var/spool/upsertd")
        let target = section.requiredText("target", example: "main")
        self.init(directory: directory ?? "", target: target ?? "")
        namespace = section.namespace("namespace")
        settle = section.duration("settle", default: settle, in: Defaults.spoolSettleRange)
        fileBytesMax = section.size("max_file_size", default: fileBytesMax, in: Defaults.spoolFileSizeRange)
        lineBytesMax = section.size("max_line_size", default: lineBytesMax, in: Defaults.spoolLineSizeRange)
        keepsDone = section.flag("keep_done", default: keepsDone)
        section.reportUnknownKeys()
    }
}
