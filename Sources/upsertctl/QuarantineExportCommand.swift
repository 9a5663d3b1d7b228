internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl quarantine export`.
struct QuarantineExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes them as NDJSON that can be dropped into a spool again as it is.",
        discussion: """
            Each line names its namespace and, unless it is an upsert, its operation. What never was a valid record is \
            written as a JSON string on its line, and refused when it is dropped. The records stay in quarantine. Note that \
            a superseded record, dropped again, overwrites the newer write: leave them out with --current.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var filter: QuarantineFilter

    @Argument(help: "Numbers, all of them if absent; then the file to make, or - for standard output, the default.")
    var items: [String] = []

    @Flag(help: "All of them, as without numbers.")
    var all = false

    @Flag(help: "Only those that no newer write has superseded.")
    var current = false

    func validate() throws {
        if files.count > 1 { throw ValidationError("\(files[0]) and \(files[1]) are no numbers; give one file") }
        if !numbers.isEmpty, all || !filter.isEmpty { throw ValidationError("give either numbers, a filter, or --all") }
    }

    private var numbers: [Int64] { items.compactMap { Int64($0) } }
    private var files: [String] { items.filter { Int64($0) == nil } }

    func run() throws {
        try ExitStatus.reporting {
            let client = connection.client
            let entries = try client.allQuarantined()
            let chosen = numbers.isEmpty ? filter.select(entries).map(\.number) : numbers
            let superseded = Set(entries.lazy.filter(\.superseded).map(\.number))
            let output = try NewFile(files.first ?? "-")
            var written = 0
            for number in chosen where !(current && superseded.contains(number)) {
                try output.write(client.quarantinedContent(number) + Array("\n".utf8))
                written += 1
            }
            try output.finish()
            if files.first ?? "-" != "-" { Console.say("wrote \(grouped(written)) records to \(files[0])") }
        }
    }
}
