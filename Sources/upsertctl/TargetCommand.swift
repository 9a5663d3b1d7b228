internal import ArgumentParser
internal import UpsertDaemon
internal import UpsertStorage

/// `upsertctl target`.
struct TargetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "target",
        abstract: "Looks at targets, and decides about records whose target has changed or gone.",
        discussion: """
            Records that wait for a target which is no longer configured are kept. They can be moved to another target, or \
            dropped, while the daemon is stopped. When a target's host changes while records wait for it, nothing is sent \
            there until the new host is accepted.
            """,
        subcommands: [
            TargetListCommand.self, TargetAcceptCommand.self, TargetMoveCommand.self, TargetDropCommand.self,
        ])

    @OptionGroup var connection: ConnectionOptions
}

/// `upsertctl target list`.
struct TargetListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the targets, and those gone for which records still wait.")

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try ExitStatus.reporting {
            Console.say(StatusText.targets(try connection.client.get("/v1/status", as: StatusReport.self)))
        }
    }
}

/// `upsertctl target accept`.
struct TargetAcceptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept", abstract: "Sends the records that wait for a target to its new host.")

    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The target.")
    var name: String

    func run() throws {
        try ExitStatus.reporting {
            try connection.client.post(StatusClient.acceptPath(name))
            Console.say("accepted the new host of \(name)")
        }
    }
}

/// `upsertctl target move`.
struct TargetMoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Gives the records of one target to another. The daemon must be stopped.",
        discussion: """
            Waiting and quarantined records move, in the order in which they were accepted among those of the other target: \
            of two writes of one id, the newer wins.
            """)

    @OptionGroup var place: QueueOptions

    @Argument(help: "The target whose records move.")
    var old: String

    @Argument(help: "The target that gets them.")
    var new: String

    func run() throws {
        try ExitStatus.reporting {
            let moved = try StoppedQueue(directory: place.directory()).moveTarget(old, to: new)
            Console.say("moved \(grouped(moved)) records from \(old) to \(new)")
        }
    }
}

/// `upsertctl target drop`.
struct TargetDropCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Deletes the records of a target for good. The daemon must be stopped.")

    @OptionGroup var place: QueueOptions

    @Argument(help: "The target whose records are deleted.")
    var name: String

    @Flag(help: "Really.")
    var yes = false

    func validate() throws {
        if !yes { throw ValidationError("this deletes records that nobody has received; say --yes if that is meant") }
    }

    func run() throws {
        try ExitStatus.reporting {
            let dropped = try StoppedQueue(directory: place.directory()).dropTarget(name)
            Console.say("dropped \(grouped(dropped)) records of \(name)")
        }
    }
}

/// Where the queue of a stopped daemon is.
struct QueueOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The queue's directory; taken from the configuration if absent.", valueName: "directory"))
    var queue: String?

    @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config = DaemonConfiguration.defaultPath

    /// The directory.
    func directory() throws(ConfigurationErrors) -> String {
        if let queue { return queue }
        return try DaemonConfiguration.load(path: config).queue.directory
    }
}
