internal import ArgumentParser
internal import UpsertDaemon

/// `upsertctl check-config`.
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config", abstract: "Checks a configuration file and says everything that is wrong with it.",
        discussion: "Exits with 78 if anything is wrong. A key file that cannot be read from here is only mentioned.")

    @Argument(help: "The file.")
    var path = DaemonConfiguration.defaultPath

    func run() throws {
        let configuration: DaemonConfiguration
        do {
            configuration = try DaemonConfiguration.load(path: path)
        } catch {
            // One problem a line and nothing else, so that editors find the places.
            for problem in error.problems { Console.note("\(problem)") }
            throw ExitStatus.configuration.code
        }
        for target in configuration.targets {
            do {
                _ = try APIKeySource(target).read()
            } catch {
                Console.complain("note: \(error)")
            }
        }
        let counts = [
            (configuration.targets.count, "target"), (configuration.spools.count, "spool"),
            (configuration.outboxes.count, "outbox"),
        ]
        let words = counts.map { count, word in
            count == 1 ? "1 \(word)" : "\(count) \(word)\(word.hasSuffix("x") ? "es" : "s")"
        }
        Console.say("\(path): good; \(words.joined(separator: ", "))")
    }
}
