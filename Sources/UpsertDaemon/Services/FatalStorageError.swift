internal import UpsertSQLite
internal import UpsertStorage

/// An error after which nobody knows what is on disk: the process must end and recover.
///
/// A failed fsync may have dropped the very pages that it should have written, and a second one would report success
/// (PostgreSQL's finding of 2018), so it is never retried. A full or read-only disk is none: nothing was written, and it can
/// be tried again.
package struct FatalStorageError: Error, Sendable, CustomStringConvertible {
    package let description: String
    /// Whether what was read is not what was written, rather than that something could not be written.
    package let isDamage: Bool

    init(_ error: any Error) {
        isDamage = (error as? QueueError)?.code == .damaged
        description =
            isDamage
            ? "\(error); upsertd ends, and says so again at its next start"
            : "the disk failed while storing (\(error)); upsertd ends and recovers at its next start"
    }

    static func isFatal(_ error: any Error) -> Bool {
        switch error {
        case let error as QueueError: error.isFinal
        case let error as SQLiteError: error.isSyncFailure
        case let error as FileError:
            (error.operation == .syncFile || error.operation == .syncDirectory) && !error.isFull
        default: false
        }
    }
}
