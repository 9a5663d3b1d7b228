internal import Glibc

/// What was asked of the file system. Raw values appear in error messages and name the step for fault injection.
package enum FileOperation: String, Sendable, Hashable, CaseIterable {
    case open
    case create
    case stat
    case list
    case makeDirectory = "create directory"
    case rename
    case unlink
    case read
    case write
    case truncate
    /// `fdatasync` of a file.
    case syncFile = "sync"
    /// `fsync` of a directory.
    case syncDirectory = "sync directory"
    case access
    case watch
}

/// A failed system call: which one, on what, and the kernel's reason.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    package var operation: FileOperation
    /// The file or directory, as far as its path is known.
    package var path: PathBytes
    /// The `errno`.
    package var code: CInt

    package init(_ operation: FileOperation, _ path: PathBytes, _ code: CInt) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    /// One line, safe to print.
    package var description: String { "\(operation.rawValue) \(path): \(Self.text(of: code)) (errno \(code))" }

    /// Whether the file or directory does not exist.
    package var isAbsent: Bool { code == ENOENT }

    /// Whether something of that name exists already.
    package var isPresent: Bool { code == EEXIST }

    /// Whether the cause is the file system as a whole (full, read-only, failing), not this one file.
    package var concernsFileSystem: Bool {
        [ENOSPC, EDQUOT, EROFS, EIO, ENOMEM, EMFILE, ENFILE, ESTALE, ENODEV].contains(code)
    }

    /// Whether the cause is a full disk or quota, which deleting something mends.
    package var isFull: Bool { code == ENOSPC || code == EDQUOT }

    private static func text(of code: CInt) -> String {
        guard let text = unsafe strerror(code) else { return "error" }
        return unsafe String(cString: text)
    }
}
