internal import Glibc
internal import UpsertStorage

/// A file that appears whole under its name, or standard output. Its parts are written under a name that a spool ignores.
struct NewFile {
    private let path: String
    private let descriptor: CInt

    private var part: String { path + ".part" }

    /// - Parameter path: Must not exist yet; `-` is standard output.
    init(_ path: String) throws(FileTrouble) {
        self.path = path
        if path == "-" {
            descriptor = STDOUT_FILENO
            return
        }
        guard unsafe access(path, F_OK) != 0 else {
            throw FileTrouble("\(path) exists; remove it or name another file")
        }
        let opened = unsafe open(path + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard opened >= 0 else { throw FileTrouble("cannot make \(path).part", errno) }
        descriptor = opened
    }

    /// Adds bytes.
    func write(_ bytes: [UInt8]) throws(FileTrouble) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileTrouble("cannot write \(path)", errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Makes what was written durable and gives it its name.
    func finish() throws(FileTrouble) {
        guard path != "-" else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0, unsafe rename(part, path) == 0 else {
            throw FileTrouble("cannot finish \(path)", errno)
        }
    }
}

/// A file that cannot be read or written.
struct FileTrouble: Error, CustomStringConvertible {
    let description: String
    let status: ExitStatus

    /// - Parameter code: The `errno`.
    init(_ what: String, _ code: CInt) {
        description = "\(what): \(systemMessage(code))"
        status = code == EACCES || code == EPERM ? .noPermission : code == ENOENT ? .noInput : .inputOutput
    }

    init(_ description: String) {
        self.description = description
        status = .noInput
    }
}
