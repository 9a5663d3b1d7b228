internal import Logging
internal import UpsertStorage

/// Text on its way to a terminal, a journal or an error message, where names from outside must not forge or hide lines.
enum LogText {
    /// Control characters, line ends, direction marks and other deceptive characters become `\xHH`; a backslash stays, as
    /// what was escaped before is not to be escaped again.
    static func escaped(_ text: String) -> String {
        text.split(separator: "\\", omittingEmptySubsequences: false).map { printable(Array($0.utf8)) }
            .joined(separator: "\\")
    }

    /// One line for a person: the message and its metadata as `key=value`, in the order of the keys.
    static func line(_ message: String, _ metadata: [(key: String, value: String)]) -> String {
        var line = escaped(message)
        for (key, value) in metadata { line += " \(escaped(key))=\(word(value))" }
        return line
    }

    /// A value that stays one word: quoted where it has blanks, quotes or nothing.
    private static func word(_ value: String) -> String {
        let escaped = escaped(value)
        let isPlain = !escaped.isEmpty && escaped.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") }
        if isPlain { return escaped }
        return "\"" + escaped.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") + "\""
    }

    /// The metadata of a logger, of its task and of one event, the latter winning; sorted by key.
    static func merged(
        _ own: Logger.Metadata, _ provider: Logger.MetadataProvider?, _ event: Logger.Metadata?
    ) -> [(key: String, value: String)] {
        var all = own
        if let provided = provider?.get() { all.merge(provided) { $1 } }
        if let event { all.merge(event) { $1 } }
        return all.map { ($0.key, $0.value.description) }.sorted { $0.key < $1.key }
    }

    /// Metadata key whose value becomes the journal's MESSAGE_ID; not shown otherwise.
    static let messageID = "message_id"
}
