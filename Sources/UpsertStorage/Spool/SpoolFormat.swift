/// What a spooled file contains, told by its extension.
package enum SpoolFormat: String, Sendable, Hashable, CaseIterable {
    /// One record a line: `.ndjson` and `.jsonl`.
    case lines
    /// One JSON document, the body of an upsert request or an array of records: `.json`.
    case body

    /// The extensions that are accepted, in any case, for messages.
    package static let extensions = [".ndjson", ".jsonl", ".json"]

    /// The format of a file called `name`, or nil where the extension is not an accepted one.
    package init?(name: PathBytes) {
        let dot = name.bytes.lastIndex(of: UInt8(ascii: ".")) ?? name.bytes.endIndex
        switch String(decoding: name.bytes[dot...], as: UTF8.self).lowercased() {
        case ".ndjson", ".jsonl": self = .lines
        case ".json": self = .body
        default: return nil
        }
    }

    /// Whether the spool never looks at `name`: it is hidden or under construction.
    package static func ignores(_ name: PathBytes) -> Bool {
        name.bytes.first == UInt8(ascii: ".") || name.hasSuffix(".tmp") || name.hasSuffix(".part")
    }
}
