internal import UpsertCore
internal import UpsertStorage

/// A `.json` file while it is read: once for its structure and namespace, once for its records.
@safe
final class BodyReading {
    let sequence: Int64
    let body: ClaimBody
    let identity: FileIdentity
    let namespace: String?
    private var scanner = BodyScanner()
    private var block: UnsafeRawBufferPointer
    /// Elements seen in the second pass.
    private(set) var elements = 0

    /// Opens the file and reads it whole for its structure.
    ///
    /// - Parameter pulse: Beats with every block.
    /// - Throws: ``BodyFailure`` when it is no upsert body and no array.
    init(_ claim: ClaimedFile, in spool: Spool, pulse: Heart.Pulse) throws {
        sequence = claim.sequence
        body = try ClaimBody(claim, in: spool) { pulse.beat() }
        identity = try body.identity()
        var structure = BodyScanner()
        while true {
            let block = unsafe try body.nextBlock()
            if unsafe block.isEmpty { break }
            while unsafe try structure.next(in: block) != nil {}
        }
        namespace = try structure.finish().namespace
        body.rewind()
        unsafe block = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    /// The next record; nil at the end.
    func next() throws -> BodyScanner.Element? {
        while true {
            if unsafe !block.isEmpty, let element = unsafe try scanner.next(in: block) {
                elements += 1
                return element
            }
            unsafe block = try body.nextBlock()
            if unsafe block.isEmpty { return nil }
        }
    }
}

extension SpoolIntake {
    /// Reads records of a `.json` file into the commit until it is full or the file ends.
    func readBody(_ claim: inout PendingClaim) async throws {
        let reading: BodyReading
        do {
            reading = try openBody(claim)
        } catch let failure as BodyFailure {
            var rejection = failure.rejection
            rejection.reason += " (line \(failure.line), byte \(failure.offset))"
            return try refuseWhole(&claim, rejection)
        }
        while !builder.isFull {
            guard let element = try reading.next() else { return try endBody(&claim, reading) }
            // What an earlier run accepted is passed over.
            guard element.end > claim.progress.offset else { continue }
            try await take(element, of: reading, &claim)
            claim.progress.offset = element.end
            claim.progress.line = reading.elements
        }
    }

    private func openBody(_ claim: PendingClaim) throws -> BodyReading {
        if let open = body, open.sequence == claim.file.sequence { return open }
        let opened = try BodyReading(claim.file, in: spool, pulse: pulse)
        body = opened
        return opened
    }

    private func endBody(_ claim: inout PendingClaim, _ reading: BodyReading) throws {
        body = nil
        guard try reading.body.isUnchanged(since: reading.identity) else {
            return try refuseWhole(
                &claim,
                Rejection(.malformed, "the file was written to while it was read; what was read until then stands"))
        }
        claim.progress.offset = reading.body.size
        claim.progress.finished = true
    }

    private func take(_ element: BodyScanner.Element, of reading: BodyReading, _ claim: inout PendingClaim) async throws
    {
        let size = element.end - element.start
        guard size <= settings.lineBytesMax else {
            let reason = "the record has \(size) bytes, the limit is \(settings.lineBytesMax) (spools[].max_line_size)"
            let text = unsafe try reading.body.slice(element.start..<element.start + min(size, Refusal.textBytesMax))
            let refusal = unsafe Refusal(
                line: element.line, offset: element.start, rejection: Rejection(.tooLong, reason), text: text,
                isWhole: false)
            return claim.refused(textWasCut: try claim.errors.append(refusal))
        }
        let text = unsafe try reading.body.slice(element.start..<element.end)
        switch unsafe recordReader.read(text) {
        case .blank: break
        case .rejected(let rejection):
            let refusal = unsafe Refusal(
                line: element.line, offset: element.start, rejection: rejection, text: text)
            claim.refused(textWasCut: try claim.errors.append(refusal))
        case .operation(let operation):
            let origin = AcceptTransaction.RecordOrigin(line: element.line, offset: element.start)
            do throws(Rejection) {
                try await add(operation, claim.file, bodyNamespace: reading.namespace, origin)
            } catch {
                let refusal = unsafe Refusal(
                    line: element.line, offset: element.start, rejection: error, text: text)
                claim.refused(textWasCut: try claim.errors.append(refusal))
            }
        }
    }
}
