/// A status report for people.
package enum StatusText {
    /// Several lines, without a line end at the last one.
    package static func render(_ report: StatusReport) -> String {
        var lines = ["upsertd \(report.version), pid \(report.pid), up \(age(seconds: Double(report.uptimeSeconds)))"]
        lines.append(report.summary)
        lines.append("")
        lines += totals(report)
        if !report.targets.isEmpty { lines += [""] + targets(report) }
        if !report.spools.isEmpty { lines += [""] + spools(report) }
        if !report.outboxes.isEmpty { lines += [""] + outboxes(report) }
        lines += troubles(report)
        return lines.joined(separator: "\n")
    }

    private static func totals(_ report: StatusReport) -> [String] {
        var table = TextTable([("", .left), ("RECORDS", .right), ("BYTES", .right), ("", .left)])
        func add(_ name: String, _ records: Int, _ bytes: Int?, _ note: String = "") {
            table.add([name, grouped(records), bytes.map(size) ?? "", note])
        }
        add(
            "queued", report.queued.records, report.queued.bytes,
            "\(grouped(report.inFlight.records)) of them in flight")
        add("accepted", report.accepted.records, report.accepted.bytes)
        add(
            "delivered", report.delivered.records, report.delivered.bytes,
            "in \(grouped(report.delivered.requests)) requests")
        add("coalesced", report.coalesced.records, nil, "replaced by a newer write while they waited")
        add("no effect", report.noEffect.records, nil, "updates and deletes of what does not exist")
        add("rejected", report.rejected.records, nil, "refused at the door; see rejected/ in the spool")
        add("quarantined", report.quarantined.current, nil, "refused by the server; see upsertctl quarantine list")
        add("dropped", report.dropped.records, nil, "out of quarantine, by an operator")
        return table.lines
    }

    /// The targets, and those that are gone but for which records wait.
    package static func targets(_ report: StatusReport) -> String {
        var lines: [String] = targets(report)
        for (name, orphan) in report.orphaned.sorted(by: { $0.key < $1.key }) {
            lines.append(
                LogText.escaped(
                    "not configured: \(name), \(grouped(orphan.queuedRecords)) records wait, "
                        + "\(grouped(orphan.quarantinedRecords)) in quarantine"))
        }
        return lines.joined(separator: "\n")
    }

    private static func targets(_ report: StatusReport) -> [String] {
        var table = TextTable([
            ("TARGET", .left), ("STATE", .left), ("QUEUED", .right), ("REQUESTS", .right), ("MAX", .right),
            ("VIA", .left), ("HOST", .left),
        ])
        for (name, target) in report.targets.sorted(by: { $0.key < $1.key }) {
            let state = target.paused ? "paused" : target.hold.map { "held: \($0.kind)" } ?? "ok"
            table.add([
                name, state, grouped(target.queuedRecords), grouped(target.inFlight.requests),
                grouped(target.concurrency), "\(target.transport) \(target.api)", target.host,
            ])
        }
        return table.lines
    }

    private static func spools(_ report: StatusReport) -> [String] {
        var table = TextTable([
            ("SPOOL", .left), ("TARGET", .left), ("INCOMING", .right), ("CLAIMED", .right), ("NOTICED BY", .left),
        ])
        for spool in report.spools {
            table.add([
                spool.directory, spool.target, grouped(spool.incoming), grouped(spool.claimed), spool.watching.rawValue,
            ])
        }
        return table.lines
    }

    private static func outboxes(_ report: StatusReport) -> [String] {
        var table = TextTable([("OUTBOX", .left), ("TARGET", .left), ("STATE", .left)])
        for outbox in report.outboxes { table.add([outbox.path, outbox.target, outbox.state.rawValue]) }
        return table.lines
    }

    private static func troubles(_ report: StatusReport) -> [String] {
        var lines: [String] = []
        for (name, target) in report.targets.sorted(by: { $0.key < $1.key }) {
            for held in target.heldNamespaces {
                let since = held.hold.since.map { " since \($0)" } ?? ""
                lines.append("namespace \"\(held.namespace)\" of \(name) is held\(since): \(held.hold.reason)")
            }
            if let hold = target.hold {
                lines.append("target \(name) is held\(hold.since.map { " since \($0)" } ?? ""): \(hold.reason)")
            } else if let error = target.lastError {
                lines.append("target \(name) had its last trouble at \(error.at): \(error.message)")
            }
        }
        for (name, orphan) in report.orphaned.sorted(by: { $0.key < $1.key }) {
            lines.append(
                "target \(name) is not configured; \(grouped(orphan.queuedRecords)) records wait for it and "
                    + "\(grouped(orphan.quarantinedRecords)) are in quarantine; see upsertctl target --help")
        }
        if let aside = report.queue.setAside {
            lines.append("a damaged queue was set aside as \(aside); see upsertctl doctor --help")
        }
        for problem in report.spools.flatMap(\.problems) + report.outboxes.compactMap(\.problem) {
            lines.append("\(problem.path) \(problem.reason); mend it with: \(problem.mend)")
        }
        return lines.isEmpty ? [] : [""] + lines.map(LogText.escaped)
    }

    /// Bytes in the largest fitting unit, to three digits.
    static func size(_ bytes: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1_000, unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        if unit == 0 { return "\(bytes) B" }
        let tenths = Int((value * 10).rounded())
        return value < 100 ? "\(tenths / 10).\(tenths % 10) \(units[unit])" : "\(Int(value.rounded())) \(units[unit])"
    }
}
