internal import Glibc

/// Room on the queue's disk kept for storing what was delivered once everything else is full: a file of a fixed size, in the
/// queue directory, whose content means nothing.
///
/// Intake never uses it: while it is not whole, nothing is accepted.
struct DiskReserve: Sendable {
    /// The file's name in the queue directory.
    static let name = "reserve"

    let directory: String
    /// Its size when whole: as configured, but never more than a quarter of the disk, since a reserve that the disk cannot hold
    /// beside a queue would keep intake stopped for ever.
    let bytes: Int
    /// Whether all its room is allocated.
    private(set) var isWhole = false

    private var path: String { directory + "/" + Self.name }

    init(directory: String, bytes: Int) {
        self.directory = directory
        self.bytes = min(bytes, (FileSystemRoom(of: directory)?.bytes ?? .max) / 4)
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        isWhole = Int(status.st_size) == self.bytes && Int(status.st_blocks) * 512 >= self.bytes
    }

    /// Room for others on the disk besides the reserve; nil where the kernel does not say.
    var freeBytes: Int? { FileSystemRoom(of: directory)?.freeBytes }

    /// Gives its room up for a commit that makes room.
    ///
    /// - Returns: False when there was none to give.
    mutating func release() -> Bool {
        guard isWhole else { return false }
        isWhole = false
        // No descriptor is needed for it, since there may be none left.
        return unsafe truncate(path, 0) == 0
    }

    /// Takes its room again where there is enough.
    ///
    /// - Throws: The `errno` that kept it from that, as ``QueueError``.
    mutating func restore() throws(QueueError) {
        guard !isWhole else { return }
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { close(descriptor) }
        // A size set before may be larger or, after a power cut, have holes: start from nothing.
        guard ftruncate(descriptor, 0) == 0 else { throw failure(errno) }
        let problem = posix_fallocate(descriptor, 0, off_t(bytes))
        guard problem == 0 else {
            // What it got before the disk was full goes back.
            _ = ftruncate(descriptor, 0)
            throw failure(problem)
        }
        isWhole = true
    }

    private func failure(_ code: Int32) -> QueueError {
        QueueError(
            code == ENOSPC || code == EDQUOT ? .full : code == EROFS ? .readOnly : .unusable,
            "the reserve \(path) of \(bytes >> 20) MiB cannot be made: \(systemMessage(code))")
    }
}
