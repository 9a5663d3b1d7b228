internal import ArgumentParser
internal import UpsertDaemon

/// The daemon's command line.
@main
struct Upsertd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upsertd",
        abstract: "The durable write path to Pinecone.",
        version: "upsertd \(Version.current)",
        subcommands: [RunCommand.self, SandboxCommand.self, IndexCommand.self],
        defaultSubcommand: RunCommand.self)
}
