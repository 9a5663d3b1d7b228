/// The file in `rejected/` that tells what was refused of one claim, one line of JSON a record.
///
/// It is called `NAME.errors.ndjson`, or `NAME.SEQ.errors.ndjson` where that exists, and is made at the first refusal. What
/// the queue has committed of it is ``length``; a start cuts off the rest. All calls block and throw ``FileError``.
package final class ErrorsFile {
    private let claim: ClaimedFile
    private let spool: Spool
    private let submission: Int64
    private var file: OpenFile?
    private var directory: Directory?
    private var directoryNeedsSync = false
    private var pending: [UInt8] = []
    private var written = 0
    private var failure: (any Error)?

    /// The name relative to `rejected/`, once there is a file.
    package private(set) var name: String?
    /// Durable bytes, as of the last ``sync()``.
    package private(set) var length = 0

    private static let pendingBytesMax = 256 << 10

    /// An errors file that does not exist yet and may never.
    ///
    /// - Parameter submission: The number that names the submission in each line; unique to the claim.
    package init(for claim: ClaimedFile, in spool: Spool, submission: Int64) {
        self.claim = claim
        self.spool = spool
        self.submission = submission
    }

    /// Goes on where the last commit left off.
    ///
    /// - Parameters:
    ///   - name: The committed ``name``; nil removes what an uncommitted session of this claim left behind.
    ///   - length: The committed ``length``; the file is cut to it. Where an operator took the file away, the next refusal
    ///     starts a new one.
    package init(
        resuming claim: ClaimedFile, in spool: Spool, submission: Int64, name: String?, length: Int
    ) throws {
        self.claim = claim
        self.spool = spool
        self.submission = submission
        guard let name, length > 0 else {
            try removeUncommitted()
            return
        }
        do {
            let path = PathBytes(name)
            let place = try openPlace()
            let opened = try place.openForWriting(path.lastComponent)
            let size = try opened.status().size
            if size > length { try opened.truncate(to: length) }
            file = opened
            self.name = name
            written = min(size, length)
            self.length = written
        } catch let error as FileError where error.isAbsent {
            directory = nil
        }
    }

    /// Adds one line; it is durable after the next ``sync()``.
    ///
    /// - Returns: Whether the record's text was cut, so that the original file must be kept (``ClaimEnding/reject``).
    package func append(_ refusal: Refusal) throws -> Bool {
        if let failure { throw failure }
        let isCut = refusal.append(file: claim.displayName.text, submission: submission, to: &pending)
        if pending.count > Self.pendingBytesMax { try flush() }
        return isCut
    }

    /// Makes every line durable, with one sync however many there are; does nothing where nothing was added.
    ///
    /// A full disk leaves the lines pending and can be tried again. A failed sync is final: every later call throws it again.
    ///
    /// - Returns: The length to commit.
    package func sync() throws -> Int {
        if let failure { throw failure }
        try flush()
        guard let file, written != length || directoryNeedsSync else { return length }
        do {
            try file.sync()
            if directoryNeedsSync { try directory?.sync() }
        } catch {
            failure = error
            throw error
        }
        directoryNeedsSync = false
        length = written
        return length
    }

    private func flush() throws {
        guard !pending.isEmpty else { return }
        let target = try file ?? create()
        try target.write(pending, at: written)
        written += pending.count
        pending.removeAll(keepingCapacity: true)
    }

    private func create() throws -> OpenFile {
        let place = try openPlace()
        let created: OpenFile
        var chosen = firstName
        do {
            created = try place.create(chosen, mode: 0o640)
        } catch let error as FileError where error.isPresent {
            chosen = secondName
            created = try place.create(chosen, mode: 0o640)
        }
        file = created
        directoryNeedsSync = true
        name = (claim.namespace.map { NamespaceName.encoded($0).text + "/" } ?? "") + chosen.text
        return created
    }

    private func openPlace() throws -> Directory {
        if let directory { return directory }
        let place = try spool.namespaceDirectory(of: claim, under: spool.rejected)
        directory = place
        return place
    }

    /// The dropped file's name as text, so that it survives being stored as text; one that is not text is repaired.
    private var baseName: String { PathBytes(claim.name.text).shortened(to: ClaimName.keptNameBytesMax).text }

    private var firstName: PathBytes { PathBytes(baseName + ".errors.ndjson") }

    private var secondName: PathBytes { PathBytes("\(baseName).\(ClaimName.padded(claim.sequence)).errors.ndjson") }

    /// Removes files that this claim began and never committed; files of other claims stay.
    private func removeUncommitted() throws {
        let place: Directory
        if let namespace = claim.namespace {
            do {
                place = try spool.rejected.directory(NamespaceName.encoded(namespace))
            } catch let error as FileError where error.isAbsent {
                return
            }
        } else {
            place = spool.rejected
        }
        try place.unlink(secondName)
        if try isOurs(firstName, in: place) { try place.unlink(firstName) }
    }

    /// Whether the file's first line names this submission. One without a whole first line was never committed by anybody.
    private func isOurs(_ name: PathBytes, in place: Directory) throws -> Bool {
        let found: OpenFile
        do { found = try place.open(name) } catch let error as FileError where error.isAbsent { return false }
        let head = try unsafe withUnsafeTemporaryAllocation(byteCount: 8 << 10, alignment: 1) { buffer in
            let count = try unsafe found.readFully(into: buffer, at: 0)
            return unsafe String(decoding: buffer[..<count], as: UTF8.self)
        }
        guard let line = head.split(separator: "\n", omittingEmptySubsequences: false).first, !line.isEmpty else {
            return true
        }
        return line.contains(",\"submission\":\(submission),")
    }
}
