internal import Yams

/// Gathers what is wrong while a configuration file is read, so that all of it is told at once.
final class ConfigurationReader {
    /// The file as it was named.
    let file: String
    private var problems: [ConfigurationProblem] = []

    init(file: String) { self.file = file }

    /// Notes a problem at a place in the file.
    func report(_ mark: Mark?, _ message: String) {
        problems.append(ConfigurationProblem(file: file, line: mark?.line, column: mark?.column, message: message))
    }

    /// - Throws: ``ConfigurationErrors`` when anything was reported.
    func finish() throws(ConfigurationErrors) {
        guard !problems.isEmpty else { return }
        throw ConfigurationErrors(
            problems.sorted { ($0.line ?? 0, $0.column ?? 0, $0.message) < ($1.line ?? 0, $1.column ?? 0, $1.message) })
    }

    /// The file's one document as a tree; nil for an empty file.
    ///
    /// - Throws: ``ConfigurationErrors`` when the text is not YAML.
    func compose(_ yaml: String) throws(ConfigurationErrors) -> Node? {
        do {
            return try Yams.compose(yaml: yaml)
        } catch {
            let (mark, message) = Self.explain(error)
            report(mark, message)
        }
        try finish()
        return nil
    }

    private static func explain(_ error: any Error) -> (Mark?, String) {
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let lead = context.map { "\($0.text) (line \($0.mark.line)): " } ?? ""
            return (mark, "not valid YAML: \(lead)\(problem)")
        case .reader(let problem, _, _, _):
            return (nil, "not valid YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.map(shown).joined(separator: ", ")
            return (context.mark, "\(names) appears more than once in the same place")
        default:
            return (nil, "not valid YAML: \(error)")
        }
    }
}
