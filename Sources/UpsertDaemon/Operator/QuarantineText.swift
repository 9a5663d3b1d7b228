/// Quarantined records for people: grouped by what is wrong with them.
package enum QuarantineText {
    /// The groups, largest first.
    ///
    /// - Parameter shownMax: Records listed of each group.
    package static func render(_ entries: [QuarantineReport], shownMax: Int = 5) -> String {
        guard !entries.isEmpty else { return "nothing is in quarantine" }
        struct Cause: Hashable {
            var target: String
            var namespace: String
            var reason: String
        }
        let groups = Dictionary(grouping: entries) {
            Cause(target: $0.target, namespace: $0.namespace, reason: $0.reasonGroup)
        }
        let sorted = groups.sorted {
            ($1.value.count, $0.value[0].number) < ($0.value.count, $1.value[0].number)
        }
        var lines: [String] = []
        for (cause, members) in sorted {
            if !lines.isEmpty { lines.append("") }
            let count = members.count == 1 ? "1 record" : "\(grouped(members.count)) records"
            let place = cause.namespace.isEmpty ? "the default namespace" : "namespace \(cause.namespace)"
            // The words as they came, of one of them: numbers and names in them often say what is wrong.
            let isSame = members.allSatisfy { $0.reason == members[0].reason }
            let words = isSame ? members[0].reason : "such as: \(members[0].reason)"
            lines.append(LogText.escaped("\(count) of target \(cause.target) in \(place): \(words)"))
            lines += table(members.prefix(shownMax)).map { "  " + $0 }
            if members.count > shownMax { lines.append("  and \(grouped(members.count - shownMax)) more (--all)") }
        }
        return lines.joined(separator: "\n")
    }

    private static func table(_ members: some Sequence<QuarantineReport>) -> [String] {
        var table = TextTable([
            ("NUMBER", .right), ("SINCE", .left), ("OPERATION", .left), ("BYTES", .right), ("ID", .left), ("", .left),
        ])
        for member in members {
            table.add([
                "\(member.number)", member.quarantinedAt, member.operation, grouped(member.bytes), member.id,
                member.superseded ? "superseded by a newer write" : "",
            ])
        }
        return table.lines
    }

    /// All that is known of one record, one fact a line; its content is not among it.
    package static func detail(_ entry: QuarantineReport) -> String {
        let facts = [
            ("number", "\(entry.number)"), ("target", entry.target),
            ("namespace", entry.namespace.isEmpty ? "__default__" : entry.namespace), ("id", entry.id),
            ("operation", entry.operation), ("accepted", entry.acceptedAt), ("quarantined", entry.quarantinedAt),
            ("superseded", entry.superseded ? "yes: a newer write was accepted since; a retry needs --force" : "no"),
            ("bytes", grouped(entry.bytes)), ("reason", entry.reason),
        ]
        return facts.map { name, value in
            name + String(repeating: " ", count: 13 - name.count) + LogText.escaped(value)
        }.joined(separator: "\n")
    }

    /// The content in a quarantined record's JSON: a record that can be submitted again, or a JSON string of what never was
    /// a valid one; nil where there is none.
    ///
    /// The daemon puts it last, and a quote inside a string is escaped, so the first occurrence of its name is the one.
    package static func content(in detail: [UInt8]) -> [UInt8]? {
        let names = ["record", "text"].map { Array(",\"\($0)\":".utf8) }
        guard let found = names.compactMap({ detail.firstRange(of: $0) }).min(by: { $0.lowerBound < $1.lowerBound }),
            let end = detail.lastIndex(of: UInt8(ascii: "}")), end >= found.upperBound
        else { return nil }
        return Array(detail[found.upperBound..<end])
    }
}
