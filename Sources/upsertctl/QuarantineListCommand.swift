internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl quarantine list`.
struct QuarantineListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists them, grouped by what the server said.",
        discussion: "Reasons that differ only in numbers and quoted names are one group.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var filter: QuarantineFilter

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "List every record of a group, not only the first few.")
    var all = false

    func run() throws {
        try ExitStatus.reporting {
            let entries = filter.select(try connection.client.allQuarantined())
            if json {
                Console.put(try StatusJSON.encode(QuarantinePage(entries)) + Array("\n".utf8))
            } else {
                Console.say(QuarantineText.render(entries, shownMax: all ? .max : 5))
            }
        }
    }
}

/// `upsertctl quarantine show`.
struct QuarantineShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows one of them: what is known of it, and the record as it can be submitted.")

    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "Its number, as quarantine list shows it.")
    var number: Int64

    @Flag(help: "Print the daemon's JSON.")
    var json = false

    func run() throws {
        try ExitStatus.reporting {
            let detail = try connection.client.get("/v1/quarantine/\(number)")
            if json {
                Console.put(detail)
                return
            }
            let report = try StatusJSON.decode(QuarantineReport.self, from: detail)
            Console.say(QuarantineText.detail(report))
            Console.put(Array("\n".utf8) + (QuarantineText.content(in: detail) ?? detail) + Array("\n".utf8))
        }
    }
}
