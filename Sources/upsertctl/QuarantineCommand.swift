internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl quarantine`.
struct QuarantineCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Looks at records that the server refused, and mends, sends or drops them.",
        subcommands: [
            QuarantineListCommand.self, QuarantineShowCommand.self, QuarantineRetryCommand.self,
            QuarantineDropCommand.self, QuarantineExportCommand.self,
        ])

    @OptionGroup var connection: ConnectionOptions
}

extension StatusClient {
    /// All quarantined records, page after page, without their content.
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

    /// A quarantined record's content, as it can be submitted again.
    func quarantinedContent(_ number: Int64) throws -> [UInt8] {
        guard let content = QuarantineText.content(in: try get("/v1/quarantine/\(number)")) else {
            throw StatusClientError.unintelligible("record \(number) comes without its content")
        }
        return content
    }
}

/// Which quarantined records: those that match all that is given.
struct QuarantineFilter: ParsableArguments {
    @Option(help: "Only of this target.")
    var target: String?

    @Option(help: "Only of this namespace; __default__ is the default namespace.")
    var namespace: String?

    @Option(help: "Only where the server's words contain this text, in any case of letters.")
    var reason: String?

    /// Whether nothing is asked for.
    var isEmpty: Bool { target == nil && namespace == nil && reason == nil }

    /// Those of `entries` that match.
    func select(_ entries: [QuarantineReport]) -> [QuarantineReport] {
        let wanted = reason?.lowercased()
        return entries.filter { entry in
            (target == nil || entry.target == target)
                && (namespace == nil || entry.namespace == (namespace == "__default__" ? "" : namespace))
                && (wanted.map { entry.reason.lowercased().contains($0) } ?? true)
        }
    }
}

/// Which quarantined records: some by number, those that a filter matches, or all.
struct QuarantineSelection: ParsableArguments {
    @Argument(help: "Numbers, as quarantine list shows them.")
    var numbers: [Int64] = []

    @OptionGroup var filter: QuarantineFilter

    @Flag(help: "All of them.")
    var all = false

    func validate() throws {
        let ways = [!numbers.isEmpty, !filter.isEmpty, all].count { $0 }
        if ways != 1 { throw ValidationError("give either numbers, or --target, --namespace and --reason, or --all") }
        if let wrong = numbers.first(where: { $0 < 1 }) { throw ValidationError("\(wrong) is no number of a record") }
    }

    /// The numbers, asked of the daemon unless they are given.
    func resolve(_ client: StatusClient) throws -> [Int64] {
        numbers.isEmpty ? filter.select(try client.allQuarantined()).map(\.number) : numbers
    }
}
