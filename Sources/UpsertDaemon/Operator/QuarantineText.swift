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
            Cause(target: $0.target, namespace: $0.namespace, reason: $0.reason)
        }
        let sorted = groups.sorted {
            ($1.value.count, $0.value[0].number) < ($0.value.count, $1.value[0].number)
        }
        var lines: [String] = []
        for (cause, members) in sorted {
            if !lines.isEmpty { lines.append("") }
            let count = members.count == 1 ? "1 record" : "\(grouped(members.count)) records"
            let place = cause.namespace.isEmpty ? "the default namespace" : "namespace \(cause.namespace)"
            lines.append(LogText.escaped("\(count) of target \(cause.target) in \(place): \(cause.reason)"))
            var table = TextTable([
                ("NUMBER", .right), ("SINCE", .left), ("OPERATION", .left), ("ID", .left), ("", .left),
            ])
            for member in members.prefix(shownMax) {
                table.add([
                    "\(member.number)", member.quarantinedAt, member.operation, member.id,
                    member.superseded ? "superseded by a newer write" : "",
                ])
            }
            lines += table.lines.map { "  " + $0 }
            if members.count > shownMax { lines.append("  and \(grouped(members.count - shownMax)) more (--all)") }
        }
        return lines.joined(separator: "\n")
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
