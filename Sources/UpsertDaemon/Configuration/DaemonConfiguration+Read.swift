internal import Logging
internal import Yams

extension DaemonConfiguration {
    /// Reads a configuration file.
    ///
    /// - Throws: ``ConfigurationErrors`` with everything that is wrong with it, each with its line.
    package static func load(path: String) throws(ConfigurationErrors) -> DaemonConfiguration {
        let bytes: [UInt8]
        do throws(SmallFile.Failure) {
            bytes = try SmallFile.read(path, bytesMax: ConfigurationDefaults.fileBytesMax).bytes
        } catch {
            throw ConfigurationErrors([ConfigurationProblem(file: path, message: "\(error)")])
        }
        guard let yaml = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationErrors([ConfigurationProblem(file: path, message: "is not UTF-8 text")])
        }
        return try DaemonConfiguration(yaml: yaml, file: path)
    }

    /// Reads the text of a configuration file.
    ///
    /// - Parameter file: The file's name, for messages.
    /// - Throws: ``ConfigurationErrors`` with everything that is wrong with it, each with its line.
    package init(yaml: String, file: String) throws(ConfigurationErrors) {
        let reader = ConfigurationReader(file: file)
        let root = try reader.compose(yaml)
        guard let top = ConfigurationSection(root, path: "", in: reader) else {
            try reader.finish()
            throw ConfigurationErrors([ConfigurationProblem(file: file, message: "must be a mapping")])
        }
        let targets = Self.readTargets(top)
        self.init(
            targets: targets.usable, queue: QueueConfiguration(top.section("queue")),
            status: StatusConfiguration(top.section("status")))
        spools = Self.readSources(
            top.sections("spools"), key: "directory", targets: targets.names, read: SpoolConfiguration.init,
            place: \.directory, target: \.target)
        outboxes = Self.readSources(
            top.sections("outboxes"), key: "path", targets: targets.names, read: OutboxConfiguration.init,
            place: \.path, target: \.target)
        if spools.isEmpty, outboxes.isEmpty, top.node("spools")?.sequence?.isEmpty ?? true,
            top.node("outboxes")?.sequence?.isEmpty ?? true
        {
            reader.report(top.mark, "there is nothing to read from: give at least one of spools and outboxes")
        }
        shutdownTimeout = top.duration(
            "shutdown_timeout", default: shutdownTimeout, in: ConfigurationDefaults.shutdownTimeoutRange)
        logLevel = top.choice("log_level", of: Logger.Level.allCases) ?? logLevel
        top.reportUnknownKeys()
        try reader.finish()
    }

    /// Reads `targets`: those that can be used, and the names of all, so that a faulty target is not reported as unknown.
    private static func readTargets(
        _ top: ConfigurationSection
    ) -> (usable: [TargetConfiguration], names: [String]) {
        guard let section = top.section("targets") else { return ([], []) }
        var usable: [TargetConfiguration] = []
        var names: [String] = []
        for (name, mark) in section.names() {
            names.append(name)
            if !isTargetName(name) {
                section.reader.report(
                    mark, "the name of a target must have 1 to 64 letters, digits, - and _, is \(shown(name))")
            }
            guard let entry = section.section(name), let target = TargetConfiguration(name: name, entry) else {
                continue
            }
            if let other = usable.first(where: { $0.indexIdentity == target.indexIdentity }) {
                entry.report("host", "is the same index as targets.\(other.name); one index is one target")
            }
            usable.append(target)
        }
        if names.isEmpty {
            section.reader.report(section.mark, "targets is missing: give at least one target with its host")
        }
        return (usable, names)
    }

    private static func isTargetName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// Reads spools or outboxes: each place once, each target known.
    private static func readSources<Source>(
        _ sections: [ConfigurationSection], key: String, targets: [String], read: (ConfigurationSection) -> Source,
        place: KeyPath<Source, String>, target: KeyPath<Source, String>
    ) -> [Source] {
        var places: [String: String] = [:]
        return sections.map { section in
            let source = read(section)
            let where_ = source[keyPath: place]
            if let other = places[where_], !where_.isEmpty {
                section.report(key, "is the same as \(other).\(key): \(shown(where_))")
            }
            places[where_] = section.path
            let name = source[keyPath: target]
            if !name.isEmpty, !targets.contains(name) {
                let hint =
                    closestWord(to: name, among: targets).map { "did you mean \"\($0)\"?" }
                    ?? "known targets: \(targets.joined(separator: ", "))"
                section.report("target", "names no target: \(shown(name)); \(hint)")
            }
            return source
        }
    }
}
