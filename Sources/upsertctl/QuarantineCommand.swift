internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl quarantine`.
struct QuarantineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Looks at records that the server refused, and sends or drops them.",
        subcommands: [
            QuarantineListCommand.self, QuarantineShowCommand.self, QuarantineRetryCommand.self,
            QuarantineDropCommand.self, QuarantineExportCommand.self,
        ])

    @OptionGroup var connection: ConnectionOptions
}

extension StatusClient {
    /// All quarantined records, page after page.
    func allQuarantined() throws -> [QuarantineReport] {
        var entries: [QuarantineReport] = []
        var after: Int64? = 0
        while let from = after {
            let page = try get("/v1/quarantine?after=\(from)&limit=1000", as: QuarantinePage.self)
            entries += page.quarantine
            after = page.nextAfter
        }
        return entries
    }
}

/// Which quarantined records: some by number, or all.
struct QuarantineSelection: ParsableArguments {
    @Argument(help: "Numbers, as quarantine list shows them.")
    var numbers: [Int64] = []

    @Flag(help: "All of them.")
    var all = false

    func validate() throws {
        if all != numbers.isEmpty { throw ValidationError("give numbers, or --all") }
        if let wrong = numbers.first(where: { $0 < 1 }) { throw ValidationError("\(wrong) is no number of a record") }
    }

    /// The numbers, asked of the daemon for all.
    func resolve(_ client: StatusClient) throws -> [Int64] {
        all ? try client.allQuarantined().map(\.number) : numbers
    }
}
