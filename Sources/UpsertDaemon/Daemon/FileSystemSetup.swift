internal import Glibc
internal import UpsertStorage

/// Makes directories that the daemon needs and an operator would otherwise make by hand.
enum FileSystemSetup {
    /// Makes a directory, its parents too, private to the daemon.
    ///
    /// - Throws: ``QueueError`` naming the directory.
    static func makeDirectory(_ path: String) throws {
        var made = ""
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            made += made.isEmpty && part.isEmpty ? "" : (made == "/" || made.isEmpty ? "" : "/") + part
            if part.isEmpty {
                if made.isEmpty { made = "/" }
                continue
            }
            guard unsafe mkdir(made, 0o750) == 0 || errno == EEXIST || errno == EISDIR || isDirectory(made) else {
                throw QueueError(.unusable, "cannot make the directory \(made): \(systemMessage(errno))")
            }
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
