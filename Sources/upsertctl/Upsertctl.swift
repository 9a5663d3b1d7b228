internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl`: what an operator or a producer says to upsertd.
@main
struct Upsertctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upsertctl",
        abstract: "Looks at and controls upsertd, hands files to it, and checks them.",
        discussion: """
            Exit status: 0 done, 64 wrong usage, 65 records refused, 66 no such thing, 69 the daemon cannot be reached, \
            70 something unexpected, 74 input/output, 75 time ran out, 77 no permission, 78 configuration.
            """,
        version: Version.current,
        subcommands: [
            StatusCommand.self, PutCommand.self, CheckCommand.self, CheckConfigCommand.self, QuarantineCommand.self,
            ReceiptCommand.self, PauseCommand.self, ResumeCommand.self, FlushCommand.self, ReloadCommand.self,
            OutboxCommand.self, TargetCommand.self, DoctorCommand.self,
        ])

    @OptionGroup var connection: ConnectionOptions
}
