internal import Glibc

/// A file descriptor that is closed exactly once, when its owner goes away.
package struct OwnedDescriptor: ~Copyable {
    /// The descriptor, for calls that do not keep it.
    package let raw: CInt

    /// Takes over an open descriptor, or a negative number for none.
    package init(_ raw: CInt) { self.raw = raw }

    // What close reports was either caught by an earlier sync or belongs to data that nobody promised to keep.
    deinit { if raw >= 0 { _ = close(raw) } }
}

/// Makes a system call, again where a signal interrupted it, and throws what it reports.
func systemCall<Result: SignedInteger>(
    _ operation: FileOperation, _ path: @autoclosure () -> PathBytes, _ call: () -> Result
) throws -> Result {
    while true {
        let result = call()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { throw FileError(operation, path(), code) }
    }
}
