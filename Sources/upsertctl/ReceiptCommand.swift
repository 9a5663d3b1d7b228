internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl receipt`.
struct ReceiptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt", abstract: "Says what became of a submission.",
        discussion: "Receipts are kept for 24 hours, and at most 100,000 of them. Exits with 66 where there is none.")

    @OptionGroup var connection: ConnectionOptions

    @Argument(help: "Its number, or the name that put has printed.")
    var id: String

    @Flag(help: "Print the daemon's JSON.")
    var json = false

    func run() throws {
        try ExitStatus.reporting {
            let path = StatusClient.receiptPath(id)
            if json {
                Console.put(try connection.client.get(path))
            } else {
                Console.say(ReceiptText.line(try connection.client.get(path, as: ReceiptReport.self)))
            }
        }
    }
}
