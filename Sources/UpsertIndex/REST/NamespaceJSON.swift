/// The members of a namespace description. Counts are decimal strings, as since API 2026-07.
enum NamespaceJSON {
    static func write(_ summary: NamespaceSummary, to writer: inout JSONWriter) {
        writer.key("name")
        writer.string(summary.shownName)
        writer.key("record_count")
        writer.string("\(summary.records)")
        guard !summary.fields.isEmpty else { return }
        writer.key("schema")
        writer.object { writer in
            writer.key("fields")
            writer.object { writer in
                for field in summary.fields {
                    writer.key(field)
                    writer.object {
                        $0.key("filterable")
                        $0.bool(true)
                    }
                }
            }
        }
        writer.key("indexed_fields")
        writer.object { writer in
            writer.key("fields")
            writer.array { for field in summary.fields { $0.string(field) } }
        }
    }
}
