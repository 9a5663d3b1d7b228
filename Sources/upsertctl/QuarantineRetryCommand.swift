internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl quarantine retry`.
struct QuarantineRetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Sends them again, as the newest write of their ids, as they are or mended.",
        discussion: """
            A record that a newer write has superseded is refused unless --force is given, since it would overwrite that \
            write. With --edit or --from the record is submitted anew, through the same checks as a dropped file, and the old \
            one leaves quarantine in the same commit; exits with 65, and changes nothing, where it is refused.
            """)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var selection: QuarantineSelection

    @Flag(help: "Also those that a newer write has superseded.")
    var force = false

    @Flag(help: "Change the one record in $VISUAL, $EDITOR or vi first.")
    var edit = false

    @Option(help: ArgumentHelp("Submit the record in this file in its place; - is standard input.", valueName: "file"))
    var from: String?

    func validate() throws {
        guard edit || from != nil else { return }
        if edit, from != nil { throw ValidationError("give either --edit or --from") }
        if selection.numbers.count != 1 { throw ValidationError("--edit and --from are for one record, by its number") }
    }

    func run() throws {
        try ExitStatus.reporting {
            let client = connection.client
            if edit || from != nil {
                try mend(selection.numbers[0], client)
            } else {
                try QuarantineChange.apply("retried", to: selection.resolve(client), client, "retry", force: force)
            }
        }
    }

    private func mend(_ number: Int64, _ client: StatusClient) throws {
        let old = try client.get("/v1/quarantine/\(number)")
        let report = try StatusJSON.decode(QuarantineReport.self, from: old)
        if report.superseded, !force {
            Console.complain(
                "record \(number) (id \(report.id)) is superseded by a newer write; --force overwrites that")
            throw ExitStatus.data.code
        }
        if let from {
            try client.post("/v1/quarantine/\(number)/replace", body: RecordFile.read(from))
        } else {
            try RecordFile.edit(client.quarantinedContent(number), number) { record in
                try client.post("/v1/quarantine/\(number)/replace", body: record)
            }
        }
        Console.say("submitted in the place of record \(number); see upsertctl receipt quarantine-\(number)")
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
            try QuarantineChange.apply("dropped", to: selection.resolve(client), client, "drop", force: false)
        }
    }
}

/// Changes quarantined records, many in one commit; one that cannot be changed does not stop the others.
enum QuarantineChange {
    static func apply(
        _ verb: String, to numbers: [Int64], _ client: StatusClient, _ action: String, force: Bool
    ) throws {
        var changed = 0
        var worst: ExitStatus?
        var rest = numbers[...]
        while !rest.isEmpty {
            let some = Array(rest.prefix(QuarantineNumbers.countMax))
            rest = rest.dropFirst(some.count)
            let body = try StatusJSON.encode(QuarantineNumbers(some))
            let answer = try client.post("/v1/quarantine/\(action)\(force ? "?force=1" : "")", body: body)
            let report = try StatusJSON.decode(QuarantineChangeReport.self, from: answer)
            changed += report.changed
            for refused in report.refused {
                Console.complain(refused.message)
                worst = refused.absent ? worst ?? .noInput : .data
            }
        }
        Console.say("\(verb) \(grouped(changed)) of \(grouped(numbers.count))")
        if let worst { throw worst.code }
    }
}
