internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl pause`.
struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stops sending, to one target or to all, until it is resumed.",
        discussion: "Records are still accepted. It lasts over a restart.")

    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The target; all of them if absent.")
    var target: String?

    func run() throws {
        try ExitStatus.reporting {
            try connection.client.post(StatusClient.path("/v1/pause", target: target))
            Console.say("paused \(target ?? "all targets")")
        }
    }
}

/// `upsertctl resume`.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Starts sending again, to one target or to all.")

    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "The target; all of them if absent.")
    var target: String?

    func run() throws {
        try ExitStatus.reporting {
            try connection.client.post(StatusClient.path("/v1/resume", target: target))
            Console.say("resumed \(target ?? "all targets")")
        }
    }
}

/// `upsertctl flush`.
struct FlushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flush", abstract: "Sends what waits at once, without waiting for batches to fill.")

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try ExitStatus.reporting {
            try connection.client.post("/v1/flush")
            Console.say("flushing")
        }
    }
}

/// `upsertctl reload`.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Has the daemon read its configuration and keys again.",
        discussion:
            "Returns when they are in force. Exits with 78 and says why where they are wrong; the old ones then stay.")

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try ExitStatus.reporting {
            try connection.client.post("/v1/reload")
            Console.say("reloaded")
        }
    }
}
