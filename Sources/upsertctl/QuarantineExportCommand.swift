internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl quarantine export`.
struct QuarantineExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Prints them as NDJSON that can be put again, to be kept or edited.",
        discussion: "What never was a valid record is printed as a JSON string on its line, and refused when it is put."
    )

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var selection: QuarantineSelection

    func run() throws {
        try ExitStatus.reporting {
            let client = connection.client
            for number in try selection.resolve(client) {
                let detail = try client.get("/v1/quarantine/\(number)")
                guard let content = QuarantineText.content(in: detail) else {
                    Console.complain("record \(number) comes without its content")
                    throw ExitStatus.software.code
                }
                Console.put(content + Array("\n".utf8))
            }
        }
    }
}
