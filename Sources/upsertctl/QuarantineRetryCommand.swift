internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl quarantine retry`.
struct QuarantineRetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Sends them again, as the newest write of their ids.",
        discussion: """
            A record that a newer write has superseded is refused unless --force is given, since it would overwrite that \
            write. To send a changed record, export it, edit it, and put it.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var selection: QuarantineSelection

    @Flag(help: "Also those that a newer write has superseded.")
    var force = false

    func run() throws {
        try ExitStatus.reporting {
            let client = connection.client
            try QuarantineChange.apply("retried", to: selection.resolve(client)) { number in
                try client.post("/v1/quarantine/\(number)/retry\(force ? "?force=1" : "")")
            }
        }
    }
}

/// `upsertctl quarantine drop`.
struct QuarantineDropCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop", abstract: "Deletes them for good; export them first to keep them.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var selection: QuarantineSelection

    func run() throws {
        try ExitStatus.reporting {
            let client = connection.client
            try QuarantineChange.apply("dropped", to: selection.resolve(client)) { number in
                try client.post("/v1/quarantine/\(number)/drop")
            }
        }
    }
}

/// Changes quarantined records one by one; one that cannot be changed does not stop the others.
enum QuarantineChange {
    static func apply(_ verb: String, to numbers: [Int64], _ change: (Int64) throws -> Void) throws {
        var changed = 0
        var worst: ExitStatus?
        for number in numbers {
            do {
                try change(number)
                changed += 1
            } catch let error as StatusClientError {
                // Without the daemon, or the right to ask it, the rest fails likewise.
                guard case .refused(let status, _, _) = error, status == 404 || status == 409 else { throw error }
                Console.complain("\(error)")
                worst = ExitStatus(error)
            }
        }
        Console.say("\(verb) \(grouped(changed)) of \(grouped(numbers.count))")
        if let worst { throw worst.code }
    }
}
