internal import ArgumentParser
internal import UpsertDaemon
internal import UpsertStorage

/// `upsertctl outbox`.
struct OutboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "Prepares databases that producers insert records into.",
        subcommands: [OutboxInitCommand.self])
}

/// `upsertctl outbox init`.
struct OutboxInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Makes the outbox table in a SQLite database.",
        discussion: """
            The database may be an application's own; its journal mode is left as it is. Doing it again changes nothing. \
            The daemon needs write access to the file and its directory.
            """)

    @Argument(help: "The database; made if absent.")
    var path: String

    func run() throws {
        try ExitStatus.reporting {
            try OutboxSchema.create(path)
            Console.say(
                "\(path) has the table upsertd_outbox; add it to outboxes in \(DaemonConfiguration.defaultPath)")
        }
    }
}
