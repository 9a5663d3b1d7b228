internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says what the daemon is doing.")

    @OptionGroup var connection: ConnectionOptions

    @Flag(help: "Print the daemon's JSON.")
    var json = false

    @Flag(help: "Print it again every second, until interrupted.")
    var watch = false

    func run() throws {
        try ExitStatus.reporting {
            try show()
            while watch {
                Console.pause(.seconds(1))
                try show()
            }
        }
    }

    private func show() throws {
        if json {
            Console.put(try connection.client.get("/v1/status"))
            return
        }
        let text = StatusText.render(try connection.client.get("/v1/status", as: StatusReport.self))
        // Home and clear to the end (ECMA-48), so that a terminal shows one report.
        Console.say(watch && Console.isTerminal ? "\u{1B}[H\u{1B}[2J" + text : text)
    }
}
