import Glibc
import UpsertSQLite
import UpsertStorage
import UpsertTestSupport

/// The file of a new queue, made once and copied for each run: that is cheaper, and all runs hash ids with the same secret, so
/// that a run can be repeated.
struct EmptyQueue: Sendable {
    private let file: [UInt8]

    init() {
        let directory = TemporaryDirectory(in: "/dev/shm")
        do {
            try Self.make(in: directory.path)
        } catch {
            preconditionFailure("cannot make a queue: \(error)")
        }
        file = Self.read(directory.path + "/" + QueueFile.name)
        precondition(!file.isEmpty, "the queue was not written")
    }

    private static func make(in directory: String) throws {
        let connection = try QueueFile.open(directory: directory)
        try connection.execute(
            """
            INSERT INTO setting VALUES ('secret', x'000102030405060708090a0b0c0d0e0f'), ('closed_cleanly', 1)
            """)
    }

    private static func read(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
        return pread(descriptor, &bytes, bytes.count, 0) == bytes.count ? bytes : []
    }

    /// A directory with a queue of its own.
    func copied() throws -> TemporaryDirectory {
        let directory = TemporaryDirectory(in: "/dev/shm")
        let descriptor = open(directory.path + "/" + QueueFile.name, O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        precondition(write(descriptor, file, file.count) == file.count, "cannot write \(directory.path)")
        return directory
    }
}
