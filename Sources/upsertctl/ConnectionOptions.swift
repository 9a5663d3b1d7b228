internal import ArgumentParser
internal import UpsertDaemon

/// Where the daemon is; may stand before or after the subcommand.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's status socket.", valueName: "path"))
    var socket = StatusClient.defaultSocketPath

    /// A client for that socket.
    var client: StatusClient { StatusClient(socketPath: socket) }
}
