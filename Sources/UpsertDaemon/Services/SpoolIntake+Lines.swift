internal import UpsertCore
internal import UpsertStorage

extension SpoolIntake {
    /// Reads lines into the commit until it is full or the file ends.
    func readLines(_ claim: inout PendingClaim) async throws {
        if readingSequence != claim.file.sequence || lines.position != claim.position {
            try lines.open(claim.file, in: spool, at: claim.position)
            readingSequence = claim.file.sequence
        }
        while !builder.isFull {
            guard let line = try lines.next() else {
                claim.progress.finished = true
                readingSequence = nil
                lines.close()
                break
            }
            claim.isAwaitingGrowth = try await !take(line, &claim)
            if claim.isAwaitingGrowth { break }
            claim.progress.offset = lines.position.offset
            claim.progress.line = lines.position.line
        }
    }

    /// Takes one line in.
    ///
    /// - Returns: False when it is not whole and the file was written to just now, so that it is read again later.
    private func take(_ line: ClaimLine, _ claim: inout PendingClaim) async throws -> Bool {
        if case .tooLong(let length) = line.ending {
            let reason = "the line has \(length) bytes, the limit is \(settings.lineBytesMax) (spools[].max_line_size)"
            try refuse(line, Rejection(.tooLong, reason), &claim)
            return true
        }
        switch unsafe recordReader.read(line.bytes) {
        case .blank: break
        case .rejected(var rejection):
            if rejection.code == .malformed, line.ending == .endOfFile {
                if try wasWrittenJustNow() { return false }
                rejection.code = .truncated
                rejection.reason = "the file ends inside this line: \(rejection.reason)"
            }
            try refuse(line, rejection, &claim)
        case .operation(let operation):
            let origin = AcceptTransaction.RecordOrigin(line: line.number, offset: line.offset)
            do throws(Rejection) {
                try await add(operation, claim.file, bodyNamespace: nil, origin)
            } catch {
                try refuse(line, error, &claim)
            }
        }
        return true
    }

    /// Whether the file being read was written to within the time that a file must be unchanged to count as complete.
    private func wasWrittenJustNow() throws -> Bool {
        guard let written = try lines.status()?.modifiedNanoseconds else { return false }
        let age = SpoolMoment.current.wallNanoseconds - written
        return age >= 0 && age < settings.settle * 1_000_000
    }

    private func refuse(_ line: ClaimLine, _ rejection: Rejection, _ claim: inout PendingClaim) throws {
        claim.refused(textWasCut: try claim.errors.append(Refusal(line, rejection)))
    }

    /// Adds the record just read to the commit. Namespace: the record's, the body's, the directory's, the spool's.
    func add(
        _ operation: ReadOperation, _ file: ClaimedFile, bodyNamespace: String?,
        _ origin: AcceptTransaction.RecordOrigin
    ) async throws(Rejection) {
        let namespace = operation.namespace ?? bodyNamespace ?? file.namespace ?? settings.namespace
        let lane: LaneNumber
        if let last = lastLane, last.namespace == namespace {
            lane = last.number
        } else {
            lane = await builder.lane(namespace)
            lastLane = (namespace, lane)
        }
        try builder.acceptance.transaction.add(
            operation, encoded: recordReader.encoded, id: recordReader.id, encoding: encoding, lane: lane,
            submission: file.sequence, origin: origin)
    }
}
