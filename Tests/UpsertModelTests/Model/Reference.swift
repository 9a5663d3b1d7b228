import UpsertCore

/// One accepted write.
struct Write {
    enum Fate {
        case waiting
        /// Acknowledged, alone or merged into another record, or answered "no such record".
        case settled
        /// A newer write took its place.
        case superseded
        /// Refused by the server, alone or with what it was merged into.
        case withheld
    }

    let kind: OperationKind
    /// Its number; several for a record that was merged, quarantined and retried.
    let tags: Set<Int>
    /// Place in the order of acceptance.
    let order: Int
    let content: Content
    var fate = Fate.waiting
    var isApplied = false
}

/// What must come out, told what was accepted, sent, applied and settled.
struct Reference {
    struct History {
        var writes: [Write] = []
        /// Order of the newest version that the server has applied.
        var appliedOrder = 0
        /// Versions that may still be applied although their sender has given up, until when (Unix milliseconds).
        var unresolved: [(record: WireRecord, until: Int64)] = []
    }

    private(set) var histories: [ModelKey: History] = [:]
    /// Records accepted, dropped and in quarantine: what the queue's totals must say.
    var accepted = 0
    var dropped = 0
    var quarantined = 0
    private var lastOrder = 0
    /// New places of records that were retried, by the place that their stored bytes name.
    private var moved: [Int: Int] = [:]

    /// The next place in the order of acceptance.
    mutating func nextOrder() -> Int {
        lastOrder += 1
        return lastOrder
    }

    mutating func accept(_ key: ModelKey, _ write: Write) { histories[key, default: History()].writes.append(write) }

    /// Whether a newer write than this one was accepted; nil where a write was submitted twice and it cannot be told.
    func isSuperseded(_ record: WireRecord) -> Bool? {
        guard let writes = histories[record.key]?.writes, let last = writes.last else { return nil }
        let parts = writes.filter { $0.tags.isSubset(of: record.tags) }
        guard Set(parts.map(\.tags)).count == parts.count else { return nil }
        // Updates of a record whose deletion waited were without effect and are no newer writes.
        if record.kind == .delete, last.kind == .update { return nil }
        return !last.tags.isSubset(of: record.tags)
    }

    /// Notes that a record left the quarantine to be sent again: the newest write now, whatever it was before.
    mutating func retried(_ record: WireRecord) {
        // What was refused may still be applied, by an attempt that went unheard before, so it stays in the record's past.
        for index in histories[record.key]?.writes.indices ?? 0..<0 {
            guard let write = histories[record.key]?.writes[index], write.fate == .withheld,
                write.tags.isSubset(of: record.tags)
            else { continue }
            histories[record.key]?.writes[index].fate = .superseded
        }
        let order = nextOrder()
        if let old = record.order { moved[old] = order }
        accept(record.key, Write(kind: record.kind, tags: record.tags, order: order, content: record.content))
    }

    /// The place of a version in the order of acceptance: of its newest write.
    ///
    /// What was retried has two places. It is only ever what newer updates are merged into, never merged into something
    /// itself, so in a record with other writes the first places of these decide.
    private func order(of record: WireRecord, _ history: History) -> Int {
        if let order = record.order { return moved[order] ?? order }
        if let whole = history.writes.last(where: { $0.tags == record.tags }) { return whole.order }
        return record.tags.map { tag in history.writes.first { $0.tags == [tag] }?.order ?? 0 }.max() ?? 0
    }

    /// The record with the place that it has now.
    func placed(_ record: WireRecord) -> WireRecord {
        guard let history = histories[record.key] else { return record }
        var record = record
        record.sentOrder = order(of: record, history)
        return record
    }

    /// Checks a record that goes on the wire now.
    func checkSent(_ record: WireRecord, now: Int64) throws {
        guard let history = histories[record.key] else { throw Violation(.unknownSent, "\(record)") }
        let parts = history.writes.filter { $0.tags.isSubset(of: record.tags) }
        guard parts.reduce(into: Set<Int>(), { $0.formUnion($1.tags) }) == record.tags else {
            throw Violation(.unknownSent, "\(record): accepted were \(history.writes.map(\.tags))")
        }
        // Of a write submitted twice it cannot be told which one is meant.
        if Set(parts.map(\.tags)).count == parts.count {
            var merged = parts[0].content
            for part in parts.dropFirst() { merged.merge(part.content) }
            guard merged == record.content, parts[0].kind == record.kind else {
                throw Violation(.contentSent, "\(record) as \(record.content), accepted \(parts)")
            }
        }
        for earlier in history.unresolved where earlier.until > now && earlier.record != record {
            throw Violation(
                .hold, "\(record) is sent at \(now) while \(earlier.record) may be applied until \(earlier.until)")
        }
    }

    /// Notes that a request was given up without knowing what becomes of it.
    mutating func gaveUp(_ record: WireRecord, until: Int64, now: Int64) {
        histories[record.key]?.unresolved.removeAll { $0.until <= now }
        histories[record.key]?.unresolved.append((record, until))
    }

    /// Notes that the server applied a record.
    mutating func applied(_ record: WireRecord) throws {
        guard var history = histories[record.key] else { throw Violation(.unknownSent, "\(record)") }
        let order = record.sentOrder
        guard order >= history.appliedOrder else {
            throw Violation(.order, "\(record) (\(order)) is applied after version \(history.appliedOrder)")
        }
        history.appliedOrder = order
        for index in history.writes.indices
        where history.writes[index].order <= order && history.writes[index].tags.isSubset(of: record.tags) {
            history.writes[index].isApplied = true
        }
        histories[record.key] = history
    }

    /// Notes that the queue has durably let a record go.
    mutating func settled(_ record: WireRecord, quarantined isQuarantined: Bool) throws {
        guard var history = histories[record.key] else { throw Violation(.unknownSent, "\(record)") }
        let order = record.sentOrder
        for index in history.writes.indices where history.writes[index].fate == .waiting {
            let write = history.writes[index]
            if write.tags.isSubset(of: record.tags), write.order <= order {
                history.writes[index].fate = isQuarantined ? .withheld : .settled
            } else if write.order < order {
                if record.kind != .update {
                    history.writes[index].fate = .superseded
                } else if write.kind != .update {
                    throw Violation(
                        .lost, "\(record) is settled, the \(write.kind.name) \(write.tags) before it is not")
                }
            }
        }
        histories[record.key] = history
    }

    /// What the index must hold for a key at rest.
    func finalState(_ key: ModelKey) -> Content? {
        guard let history = histories[key] else { return nil }
        // Where nothing was withheld it is simply every write in order; else those that the server applied.
        let isWhole = history.writes.allSatisfy { $0.fate != .withheld }
        var state: Content?
        for write in history.writes where isWhole || write.isApplied {
            switch write.kind {
            case .upsert: state = write.content
            case .delete: state = nil
            case .update: state?.merge(write.content)
            }
        }
        return state
    }

    /// Checks that no accepted write was forgotten.
    func checkNothingLost() throws {
        for (key, history) in histories {
            var isDeleted = false
            for write in history.writes {
                if write.kind != .update { isDeleted = write.kind == .delete }
                // An update of a record whose deletion waits has no effect and is not sent.
                if write.fate == .waiting, write.kind != .update || !isDeleted {
                    throw Violation(.lost, "\(write.kind.name) \(key) of \(write.tags)")
                }
            }
        }
    }
}
