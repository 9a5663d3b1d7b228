internal import UpsertStorage

/// A claimed file on its way into the queue.
struct PendingClaim {
    let file: ClaimedFile
    let errors: ErrorsFile
    /// What the next commit will say of it.
    var progress: ClaimProgress
    /// Whether it was read from since a commit was last formed.
    var isTouched = false
    /// Whether all of it is durable, so that the file can go.
    var isDurable = false
    /// Records refused since a commit was last formed.
    var refusedSinceCommit = 0
    /// Whether its last line is not whole and somebody may still be writing it.
    var isAwaitingGrowth = false
    /// How the file leaves once it is accepted whole.
    var ending = ClaimEnding.remove

    /// - Parameter row: What the queue knows of it; nil when nothing was accepted yet.
    init(file: ClaimedFile, spool: String, row: ClaimProgress?, errors: ErrorsFile) {
        self.file = file
        self.errors = errors
        progress =
            row
            ?? ClaimProgress(
                submission: file.sequence, spool: spool, file: file.stored.stored.text, device: file.identity.device,
                inode: file.identity.inode)
        // What an earlier process has accepted whole only has to go.
        isDurable = progress.finished
        // A file whose refused text was cut is kept, and so is one that was refused as a whole.
        ending = progress.keepsOriginal ? .reject : .remove
    }

    var position: ClaimPosition { ClaimPosition(offset: progress.offset, line: progress.line) }

    /// Notes a refusal that was added to the errors file.
    mutating func refused(textWasCut: Bool) {
        progress.refused += 1
        refusedSinceCommit += 1
        if textWasCut {
            progress.keepsOriginal = true
            ending = .reject
        }
    }

    /// Brings the errors file to disk; call before the commit that refers to it.
    mutating func syncErrors() throws {
        progress.errorsLength = try errors.sync()
        progress.errorsFile = errors.name
    }
}
