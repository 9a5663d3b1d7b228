internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl put`.
struct PutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Hands files of records to the daemon.",
        discussion: """
            Copies each file into the spool, durably, under a name of its own, which is printed. The files are accepted in \
            the order given. With --wait the exit status is 0 when every record is delivered or superseded by a newer \
            write, 65 when some are refused, and 75 when time runs out.
            """)

    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "Files that end in .ndjson, .jsonl or .json; - is standard input, one record a line.")
    var files: [String]

    @Option(help: "The namespace of records that name none; __default__ is the default namespace.")
    var namespace: String?

    @Option(help: ArgumentHelp("The spool's directory; asked of the daemon if absent.", valueName: "directory"))
    var spool: String?

    @Flag(help: "Wait until every record is delivered, superseded or refused.")
    var wait = false

    @Option(help: ArgumentHelp("How long to wait, such as 30s or 5m.", valueName: "duration"))
    var timeout: DurationArgument = DurationArgument(.seconds(60))

    func run() throws {
        try ExitStatus.reporting {
            let spools =
                try wait || spool == nil ? connection.client.get("/v1/status", as: StatusReport.self).spools : []
            var drop = try SpoolDrop(
                spool: try chosen(spools), namespace: namespace.map { $0 == "__default__" ? "" : $0 })
            let names = try files.map { file in
                let name = try drop.drop(file)
                Console.say(name)
                return name
            }
            if wait { try waitFor(names) }
        }
    }

    private func chosen(_ spools: [SpoolReport]) throws -> String {
        if let spool { return spool }
        guard let first = spools.first else {
            Console.complain("the daemon reads from no spool; name a directory with --spool")
            throw ExitStatus.usage.code
        }
        guard spools.count == 1 else {
            let directories = spools.map(\.directory).joined(separator: ", ")
            Console.complain("the daemon reads from several spools, choose one with --spool: \(directories)")
            throw ExitStatus.usage.code
        }
        return first.directory
    }

    private func waitFor(_ names: [String]) throws {
        var wait = ReceiptWait(names: names, client: connection.client)
        let ending = wait.run(timeout: timeout.duration, pause: Console.pause)
        for name in names {
            guard let receipt = wait.receipts[name] else { continue }
            Console.say(ReceiptText.line(receipt))
        }
        switch ending {
        case .delivered: return
        case .refused: throw ExitStatus.data.code
        case .timedOut:
            let open = names.filter { wait.receipts[$0]?.settled != true }.count
            let trouble = wait.lastTrouble.map { "; \($0)" } ?? ""
            Console.complain("\(open) of \(names.count) files are not settled yet; nothing is lost\(trouble)")
            throw ExitStatus.temporary.code
        }
    }
}

/// A duration on the command line.
struct DurationArgument: ExpressibleByArgument, CustomStringConvertible {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        guard case .success(let duration) = DurationText.parse(argument) else { return nil }
        self.duration = duration
    }

    var description: String { DurationText.text(duration) }
    var defaultValueDescription: String { description }
}
