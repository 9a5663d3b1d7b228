/// One outbox: an item of `outboxes`.
package struct OutboxConfiguration: Sendable, Equatable {
    /// `path`: the SQLite database that `upsertctl outbox init` prepared. Absolute path; required.
    package var path: String
    /// `target`: name of the target that its records go to; required.
    package var target: String

    package init(path: String, target: String) {
        self.path = path
        self.target = target
    }

    /// Reads an item of `outboxes`.
    init(_ section: ConfigurationSection) {
        let path = section.requiredPath("path", example: "/var/lib/myapp/app.db")
        let target = section.requiredText("target", example: "main")
        self.init(path: path ?? "", target: target ?? "")
        section.reportUnknownKeys()
    }
}
