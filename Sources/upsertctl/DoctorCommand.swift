internal import ArgumentParser
internal import Glibc
internal import UpsertDaemon
internal import UpsertStorage

/// `upsertctl doctor`.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Checks the queue of a stopped daemon, and saves what can be read of a damaged one.",
        discussion: """
            Exits with 0 where nothing is wrong, and with 1 where something is. Without --set-aside nothing is changed. \
            Salvaged records can be dropped into a spool as they are; note that an old record then counts as the newest \
            write of its id, so stop producers, or look through the file, where writes were accepted since.
            """)

    @OptionGroup var place: QueueOptions

    @Option(help: ArgumentHelp("A queue file on its own, such as one that was set aside.", valueName: "file"))
    var file: String?

    @Option(
        help: ArgumentHelp(
            "Write every record that can still be read to this new file, one a line, newest last.",
            valueName: "file"))
    var salvage: String?

    @Flag(
        name: .customLong("with-superseded"),
        help: "Also quarantined records that a newer write has superseded; they come first.")
    var withSuperseded = false

    @Flag(name: .customLong("set-aside"), help: "Then move the queue out of the way, so that the daemon starts empty.")
    var setAside = false

    func run() throws {
        try ExitStatus.reporting {
            let queue = try file.map(StoppedQueue.init(file:)) ?? StoppedQueue(directory: place.directory())
            let check = queue.check()
            report(check, queue)
            if let salvage { try save(queue, salvage) }
            if setAside {
                Console.say("set aside as \(try queue.setAside(now: Int64(time(nil)) * 1_000))")
            } else if check.findings.isEmpty, queue.noted != nil {
                queue.clearNote()
                Console.say("the daemon noted damage that is not there now; it may start again")
            }
            if !check.findings.isEmpty { throw ExitCode(1) }
        }
    }

    private func report(_ check: QueueCheck, _ queue: StoppedQueue) {
        if let noted = queue.noted { Console.say("noted by the daemon: \(noted)") }
        for finding in check.findings { Console.say("found: \(finding)") }
        Console.say(
            "\(queue.path): \(grouped(check.chunks)) chunks, \(grouped(check.waiting)) records waiting, "
                + "\(grouped(check.quarantined)) in quarantine: "
                + (check.findings.isEmpty ? "nothing is wrong" : "it is damaged"))
    }

    private func save(_ queue: StoppedQueue, _ path: String) throws {
        var files = SalvageFiles(path)
        let result = try queue.salvage { record in
            if record.isSuperseded, !withSuperseded { return }
            try files.write(record)
        }
        let names = try files.finish()
        Console.say(
            "salvaged \(grouped(result.waiting)) waiting and \(grouped(result.quarantined)) quarantined records"
                + (names.isEmpty ? "" : " to \(names.joined(separator: ", "))"))
        if result.superseded > 0, !withSuperseded {
            Console.say("left out: \(grouped(result.superseded)) superseded ones (--with-superseded)")
        }
        if result.suspect > 0 {
            Console.say("\(grouped(result.suspect)) of them fail their checksum and are in \(path).suspect instead")
        }
        if result.chunksLost > 0 { Console.say("\(grouped(result.chunksLost)) chunks cannot be read at all") }
        if result.hasGaps { Console.say("pages that hold rows cannot be read, so there may have been more") }
    }
}

/// The files of a salvage: one for each target, since a spool is for one target, and one for what is not certain.
struct SalvageFiles {
    private let path: String
    private var files: [String: NewFile] = [:]
    private var first: String?

    init(_ path: String) { self.path = path }

    /// The file of the first target has the name that was asked for.
    private mutating func name(_ record: SalvagedRecord) -> String {
        // Not a name that a spool reads.
        if record.isSuspect { return path + ".suspect" }
        if first == nil { first = record.target }
        guard record.target != first else { return path }
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        let stem = parts.count > 1 ? parts.dropLast().joined(separator: ".") : path
        return "\(stem).\(record.target).\(parts.count > 1 ? String(parts[parts.count - 1]) : "ndjson")"
    }

    mutating func write(_ record: SalvagedRecord) throws {
        let name = name(record)
        let file: NewFile
        if let open = files[name] {
            file = open
        } else {
            file = try NewFile(name)
            files[name] = file
        }
        try file.write(Array((record.line + "\n").utf8))
    }

    /// Finishes all files; returns their names.
    func finish() throws -> [String] {
        for file in files.values { try file.finish() }
        return files.keys.sorted()
    }
}
