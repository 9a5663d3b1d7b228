import UpsertCore

@testable import UpsertStorage

/// A record to submit.
struct Submitted {
    let key: ModelKey
    let kind: OperationKind
    let number: Int
    let content: Content

    /// Its line in a spool file.
    var line: String {
        let fields = content.fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(
            separator: ",")
        let values = content.values.map { #","values":[\#($0)]"# } ?? ""
        switch kind {
        case .upsert: return #"{"id":"\#(key.id)"\#(values),"metadata":{\#(fields)}}"#
        case .update: return #"{"op":"update","id":"\#(key.id)"\#(values),"set_metadata":{\#(fields)}}"#
        case .delete: return #"{"op":"delete","id":"\#(key.id)"}"#
        }
    }
}

extension ModelDaemon {
    /// Accepts submissions in one commit, as a source does.
    ///
    /// - Returns: Whether the commit succeeded.
    func accept(_ submissions: [(number: Int64, records: [Submitted])], now: Int64) async throws -> Bool {
        var writes: [(key: ModelKey, write: Write)] = []
        var acceptance = Acceptance(transaction: AcceptTransaction(hasher: queue.hasher))
        for submission in submissions {
            for (line, record) in submission.records.enumerated() {
                let lane = await queue.lane(target: Self.target, namespace: record.key.namespace)
                let order = reference.nextOrder()
                let tags: Set<Int> = [record.kind == .delete ? WireRecord.orderMark + order : record.number]
                writes.append(
                    (record.key, Write(kind: record.kind, tags: tags, order: order, content: record.content)))
                try add(record, order, lane, submission.number, line + 1, to: &acceptance.transaction)
            }
            acceptance.submissions.append(
                SubmissionProgress(
                    number: submission.number, source: "model", name: "s\(submission.number)", rejected: 0,
                    complete: true))
        }
        do {
            guard case .committed = try await queue.accept(acceptance, now: now) else {
                throw Violation(.lost, "a merge was refused that breaks no limit")
            }
        } catch let violation as Violation {
            throw violation
        } catch {
            trace.add(now, "accepting fails")
            try await noteStored(now: now)
            return false
        }
        try await noteStored(now: now)
        self.submissions += submissions.map(\.number)
        reference.accepted += writes.count
        for (key, write) in writes {
            trace.add(now, "accepted \(write.kind.name) \(key) \(write.tags)")
            reference.accept(key, write)
        }
        return true
    }

    private func add(
        _ record: Submitted, _ order: Int, _ lane: LaneNumber, _ submission: Int64, _ line: Int,
        to transaction: inout AcceptTransaction
    ) throws {
        let text = Array(record.line.utf8)
        let padded = text + [UInt8](repeating: 0, count: RecordReader.paddingBytes)
        let result = padded.withUnsafeBytes { reader.read(UnsafeRawBufferPointer(rebasing: $0[..<text.count])) }
        guard case .operation(var operation) = result else {
            throw Violation(.lost, "\(record.line) is refused: \(result)")
        }
        operation.weight = WireRecord.orderMark + order
        try transaction.add(
            operation, encoded: reader.encoded, id: reader.id, encoding: .packed, lane: lane, submission: submission,
            origin: .init(line: line, offset: 0))
    }

    /// Retries or drops a quarantined record.
    func decide(_ entry: QuarantineEntry, drop: Bool, force: Bool, now: Int64) async throws {
        let record = WireRecord(entry.operation, entry.data, weight: entry.weight, namespace: entry.namespace)
        let isSuperseded = reference.isSuperseded(record)
        let refusals: [QuarantineRefusal]
        do {
            refusals =
                drop
                ? try await queue.dropQuarantined([entry.number], now: now)
                : try await queue.retryQuarantined([entry.number], force: force, now: now)
        } catch {
            return trace.add(now, "deciding on \(record) fails")
        }
        guard refusals.isEmpty else {
            if isSuperseded == false, !mayRefuseWithoutReason {
                throw Violation(.quarantine, "\(record): \(refusals), although no newer write was accepted")
            }
            return
        }
        trace.add(now, "\(drop ? "drops" : "retries") \(record)")
        reference.quarantined -= 1
        if drop {
            reference.dropped += 1
        } else {
            if isSuperseded == true, !force {
                throw Violation(.quarantine, "\(record) is retried although a newer write was accepted")
            }
            reference.retried(record)
        }
    }
}
