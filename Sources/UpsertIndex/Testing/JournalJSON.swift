/// The journal as `/_journal` shows it.
enum JournalJSON {
    static func write(_ journal: WriteJournal, from first: Int) -> [UInt8] {
        JSONWriter.made { writer in
            writer.object { writer in
                writer.key("entries")
                writer.array { writer in for entry in journal.entries.dropFirst(first) { write(entry, to: &writer) } }
                writer.key("overlaps")
                writer.array { writer in for overlap in journal.overlaps { write(overlap, to: &writer) } }
            }
        }
    }

    private static func write(_ entry: WriteJournal.Entry, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("request")
            writer.integer(entry.request)
            writer.key("namespace")
            writer.string(entry.namespace)
            writer.key("id")
            writer.string(entry.id)
            writer.key("operation")
            writer.string(entry.operation.rawValue)
            writer.key("first")
            if let first = entry.first { writer.float(first) } else { writer.raw("null") }
        }
    }

    private static func write(_ overlap: WriteJournal.Overlap, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("namespace")
            writer.string(overlap.namespace)
            writer.key("id")
            writer.string(overlap.id)
            writer.key("earlier")
            writer.integer(overlap.earlier)
            writer.key("later")
            writer.integer(overlap.later)
            writer.key("same_version")
            writer.bool(overlap.isSameVersion)
        }
    }
}
