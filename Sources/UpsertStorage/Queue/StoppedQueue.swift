internal import Glibc
internal import UpsertCore
internal import UpsertSQLite

/// The queue of a daemon that does not run: checked, salvaged, or changed by an operator's command.
///
/// Holds the queue's lock, so no daemon starts meanwhile.
package final class StoppedQueue {
    /// The queue directory; nil for a file that was set aside.
    package let directory: String?
    /// The database file.
    package let path: String
    private let lock: InstanceLock?

    /// The queue in a directory.
    ///
    /// - Throws: ``QueueError``: `inUse` while a daemon has it, `notFound` where there is none.
    package init(directory: String) throws(QueueError) {
        let path = directory + "/" + QueueFile.name
        guard unsafe access(path, F_OK) == 0 else { throw QueueError(.notFound, "there is no queue in \(directory)") }
        do { lock = try InstanceLock(directory: directory) } catch {
            throw QueueFile.meaning(of: error, directory: directory)
        }
        self.directory = directory
        self.path = path
    }

    /// A queue file on its own, such as one that was set aside.
    ///
    /// - Throws: ``QueueError`` with code `notFound`.
    package init(file: String) throws(QueueError) {
        guard unsafe access(file, F_OK) == 0 else { throw QueueError(.notFound, "there is no file \(file)") }
        directory = nil
        path = file
        lock = nil
    }

    /// Opens the file only to read it: nothing in it changes, and its log stays as it is.
    func openToRead() throws -> Connection {
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.keepLogOnClose()
        try connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        return connection
    }

    /// Opens the queue with an up-to-date schema, to change it.
    func openToChange() throws(QueueError) -> Connection {
        guard let directory else { throw QueueError(.refused, "\(path) was set aside and is not changed any more") }
        do { return try QueueFile.open(directory: directory) } catch {
            throw QueueFile.meaning(of: error, directory: directory)
        }
    }

    /// Moves the queue out of the way, so that the daemon starts with an empty one.
    ///
    /// - Parameter now: Unix milliseconds.
    /// - Returns: The file's new path.
    /// - Throws: ``QueueError``.
    package func setAside(now: Int64) throws(QueueError) -> String {
        guard let directory else { throw QueueError(.refused, "\(path) is set aside already") }
        return try SetAside.move(in: directory, now: now)
    }

    /// Why a running daemon has stopped using this queue; nil where it has not.
    package var noted: String? { directory.flatMap(DamageMark.read) }

    /// Lets the daemon use the queue again, after a check has found nothing wrong with it.
    package func clearNote() {
        if let directory { DamageMark.clear(in: directory) }
    }
}
