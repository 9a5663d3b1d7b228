extension StatusReport {
    /// One line for `systemctl status`, such as `running: 1,234 queued (oldest 3 s), 2 requests in flight, 512 rec/s, no
    /// holds`.
    package var summary: String {
        if let failure { return "\(state.rawValue): \(failure)" }
        var parts = [queuedText]
        parts.append(
            inFlight.requests == 1 ? "1 request in flight" : "\(grouped(inFlight.requests)) requests in flight")
        parts.append("\(grouped(Int(delivered.recordsPerSecond.rounded()))) rec/s")
        if quarantined.current > 0 { parts.append("\(grouped(quarantined.current)) quarantined") }
        parts.append(holdText)
        if queue.diskFull { parts.append("disk full, intake stopped") }
        if queue.setAside != nil { parts.append("a damaged queue was set aside") }
        let problems =
            spools.reduce(0) { $0 + $1.problems.count } + outboxes.reduce(0) { $0 + ($1.problem == nil ? 0 : 1) }
        if problems > 0 { parts.append(problems == 1 ? "1 problem" : "\(grouped(problems)) problems") }
        return "\(state.rawValue): \(parts.joined(separator: ", "))"
    }

    private var queuedText: String {
        guard queued.records > 0 else { return "nothing queued" }
        return "\(grouped(queued.records)) queued (oldest \(age(seconds: queued.oldestAgeSeconds)))"
    }

    private var holdText: String {
        let held = targets.filter { $0.value.hold != nil }.sorted { $0.key < $1.key }
        let paused = targets.filter { $0.value.paused }.keys.sorted()
        var parts = held.map { "\($0.key) held: \($0.value.hold?.reason ?? "")" }
        let namespaces = targets.values.reduce(0) { $0 + $1.heldNamespacesCount }
        if namespaces > 0 {
            parts.append(namespaces == 1 ? "1 namespace held" : "\(grouped(namespaces)) namespaces held")
        }
        if !paused.isEmpty { parts.append("paused: \(paused.joined(separator: " "))") }
        return parts.isEmpty ? "no holds" : parts.joined(separator: "; ")
    }
}

/// A number with a comma every three digits.
package func grouped(_ number: Int) -> String {
    let digits = String(number.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
        text.append(digit)
    }
    return (number < 0 ? "-" : "") + text
}

/// An age in its largest fitting unit: `3 s`, `12 min`, `5 h`, `9 d`.
package func age(seconds: Double) -> String {
    let whole = Int(max(0, seconds))
    switch whole {
    case ..<120: return "\(whole) s"
    case ..<7_200: return "\(whole / 60) min"
    case ..<172_800: return "\(whole / 3_600) h"
    default: return "\(whole / 86_400) d"
    }
}
