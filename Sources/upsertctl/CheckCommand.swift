internal import ArgumentParser
internal import UpsertCore
internal import UpsertDaemon

/// `upsertctl check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Checks files of records as the daemon would, without the daemon.",
        discussion:
            "Prints every record that would be refused: file, line, id, place and reason. Exits with 65 if any is.")

    @Argument(help: "Files that end in .ndjson, .jsonl or .json; - is standard input, one record a line.")
    var files: [String]

    @Option(help: "The kind of index: vectors or records.")
    var api = RecordAPI.vectors

    @Option(help: "The index's dimension, 1 to 20,000.")
    var dimension: Int?

    func validate() throws {
        if let dimension, !(1...RecordLimits.dimensionMax).contains(dimension) {
            throw ValidationError("--dimension must be 1 to \(RecordLimits.dimensionMax), is \(dimension)")
        }
    }

    func run() throws {
        try ExitStatus.reporting {
            var check = RecordCheck(api: api, dimension: dimension) { Console.say($0.description) }
            for file in files { try check.check(file) }
            Console.say("\(grouped(check.accepted)) good, \(grouped(check.refused)) refused")
            if check.refused > 0 { throw ExitStatus.data.code }
        }
    }
}

extension RecordAPI: ExpressibleByArgument {}
