internal import UpsertCore
internal import UpsertStorage

extension RunningDaemon {
    /// Takes in a mended record in the place of a quarantined one: a submission of its own, through the validator, and the
    /// newest write of its id. The old record leaves in the same commit.
    ///
    /// - Parameter record: One JSON record, as a line of a spool file.
    /// - Throws: ``OperatorError`` with code `rejected` when the validator refuses it, ``QueueError``.
    func replaceQuarantined(_ number: Int64, with record: [UInt8]) async throws {
        let old = try await queue.quarantine(number: number)
        guard let target = target(old.target) else {
            throw OperatorError(.conflict, "target \(old.target) of record \(number) is not configured")
        }
        let rules = target.rules
        var reader = RecordReader(rules)
        let submission = try await queue.reserveSequences(1).lowerBound
        var transaction = AcceptTransaction(hasher: queue.hasher)
        do throws(Rejection) {
            let operation = try Self.read(record, &reader)
            let lane = await queue.lane(target: old.target, namespace: operation.namespace ?? old.namespace)
            try transaction.add(
                operation, encoded: reader.encoded, id: reader.id, encoding: rules.encoding, lane: lane,
                submission: submission, origin: .init(line: 1, offset: 0))
        } catch {
            throw OperatorError(.rejected, "the record is refused: \(error.text)")
        }
        var acceptance = Acceptance(transaction: transaction)
        acceptance.submissions = [
            SubmissionProgress(
                number: submission, source: "quarantine", name: "quarantine-\(number)", rejected: 0, complete: true)
        ]
        acceptance.replacing = [number]
        if case .refused(let updates) = try await queue.accept(acceptance, now: WallClock.now()) {
            let reason = updates.first?.rejection.text ?? "it cannot be merged with the write that waits"
            throw OperatorError(.rejected, "the record is refused: \(reason)")
        }
        target.delivery.ring()
    }

    private static func read(_ record: [UInt8], _ reader: inout RecordReader) throws(Rejection) -> ReadOperation {
        let padded = record + [UInt8](repeating: 0, count: RecordReader.paddingBytes)
        let result = unsafe padded.withUnsafeBytes { bytes in
            unsafe reader.read(UnsafeRawBufferPointer(rebasing: bytes[..<record.count]))
        }
        switch result {
        case .operation(let operation): return operation
        case .rejected(let rejection): throw rejection
        case .blank: throw Rejection(.malformed, "it is empty")
        }
    }
}

extension Rejection {
    /// Where and why, in one line.
    fileprivate var text: String { pointer.isEmpty ? reason : "\(pointer): \(reason)" }
}
