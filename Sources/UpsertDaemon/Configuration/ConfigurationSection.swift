internal import Yams

/// One mapping of the configuration file. Asking for a key makes it known; whatever was never asked for is an error.
final class ConfigurationSection {
    let reader: ConfigurationReader
    /// The way here, such as `targets.main`; empty for the file itself.
    let path: String
    /// Where the mapping begins.
    let mark: Mark?
    private let entries: [(key: Node, value: Node)]
    private var asked: [String] = []

    /// A mapping; nil, with a problem reported, where `node` is something else. A missing value counts as an empty mapping.
    init?(_ node: Node?, path: String, in reader: ConfigurationReader, at place: Mark? = nil) {
        self.reader = reader
        self.path = path
        mark = node?.mark ?? place
        switch node {
        case .mapping(let mapping): entries = mapping.map { ($0.key, $0.value) }
        case nil: entries = []
        case .some(let other) where other.isEmptyValue: entries = []
        case .some(let other):
            reader.report(
                other.mark, "\(path.isEmpty ? "the file" : path) must be a mapping (key: value), is \(other.kind)")
            return nil
        }
    }

    /// The whole name of a key, for messages.
    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The keys in the order of the file, with the place of each; for mappings whose keys are names.
    func names() -> [(name: String, mark: Mark?)] {
        entries.map { ($0.key.scalar?.string ?? "", $0.key.mark) }
    }

    /// The value of a key as it stands; nil where the key is absent.
    func node(_ key: String) -> Node? {
        asked.append(key)
        return entries.first { $0.key.scalar?.string == key }?.value
    }

    /// Where a key stands; where the section begins if the key is absent.
    func mark(of key: String) -> Mark? {
        entries.first { $0.key.scalar?.string == key }?.value.mark ?? mark
    }

    /// Reports a problem with the value of a key.
    func report(_ key: String, _ problem: String) { reader.report(mark(of: key), "\(name(key)) \(problem)") }

    /// A mapping under this one.
    func section(_ key: String) -> ConfigurationSection? {
        ConfigurationSection(node(key), path: name(key), in: reader, at: mark)
    }

    /// The mappings in the sequence under `key`; empty where it is absent.
    func sections(_ key: String) -> [ConfigurationSection] {
        guard let node = node(key), !node.isEmptyValue else { return [] }
        guard case .sequence(let sequence) = node else {
            report(key, "must be a list (each item begins with \"- \"), is \(node.kind)")
            return []
        }
        return sequence.enumerated().compactMap { index, item in
            ConfigurationSection(item, path: "\(name(key))[\(index)]", in: reader)
        }
    }

    /// Reports every key that was never asked for. Call once everything is read.
    func reportUnknownKeys() {
        for (key, _) in entries {
            guard let text = key.scalar?.string else {
                reader.report(key.mark, "a key must be a word, is \(key.kind)")
                continue
            }
            guard !asked.contains(text) else { continue }
            let place = path.isEmpty ? "" : " in \(path)"
            let known = Array(Set(asked)).sorted()
            let hint =
                closestWord(to: text, among: known).map { "did you mean \"\($0)\"?" }
                ?? "known keys: \(known.joined(separator: ", "))"
            reader.report(key.mark, "unknown key \(shown(text))\(place); \(hint)")
        }
    }
}

extension Node {
    /// Whether nothing is written where a value should be, or `null` or `~`.
    var isEmptyValue: Bool {
        guard let scalar else { return false }
        return scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// What it is, for a message.
    var kind: String {
        switch self {
        case .scalar(let scalar): isEmptyValue ? "empty" : shown(scalar.string)
        case .mapping: "a mapping"
        case .sequence: "a list"
        default: "something else"
        }
    }
}
