internal import Glibc

/// An open directory; names are resolved inside it and symbolic links are never followed.
///
/// Every call blocks and throws ``FileError`` unless it says otherwise.
package final class Directory {
    private let descriptor: OwnedDescriptor
    /// The path it was opened by, for messages.
    package let path: PathBytes
    let faults: FileFaults

    /// Opens a directory by path; symbolic links in the path are followed, as an operator expects of a configured path.
    package init(_ path: PathBytes, faults: FileFaults = .none) throws {
        try faults.check(.open, path)
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        descriptor = OwnedDescriptor(
            try systemCall(.open, path) { unsafe path.withCString { unsafe Glibc.open($0, flags) } })
        self.path = path
        self.faults = faults
    }

    private init(_ descriptor: consuming OwnedDescriptor, path: PathBytes, faults: FileFaults) {
        self.descriptor = descriptor
        self.path = path
        self.faults = faults
    }

    private func call<Result: SignedInteger>(
        _ operation: FileOperation, _ name: PathBytes, _ body: (UnsafePointer<CChar>) -> Result
    ) throws -> Result {
        try faults.check(operation, path.appending(name))
        return try systemCall(operation, path.appending(name)) { unsafe name.withCString(body) }
    }

    /// Opens a directory below this one.
    package func directory(_ name: PathBytes) throws -> Directory {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let opened = try unsafe call(.open, name) { unsafe openat(descriptor.raw, $0, flags) }
        return Directory(OwnedDescriptor(opened), path: path.appending(name), faults: faults)
    }

    /// Opens a directory below this one, creating it with `mode` if it is absent.
    ///
    /// - Returns: The directory, and whether it was created (then this directory needs a ``sync()``).
    package func directory(_ name: PathBytes, createdWith mode: UInt32) throws -> (Directory, created: Bool) {
        var created = true
        do {
            _ = try unsafe call(.makeDirectory, name) { unsafe mkdirat(descriptor.raw, $0, mode) }
        } catch let error as FileError where error.isPresent {
            created = false
        }
        return (try directory(name), created)
    }

    /// Opens an existing file for reading, without waiting for the other end of a pipe.
    package func open(_ name: PathBytes) throws -> OpenFile {
        let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let opened = try unsafe call(.open, name) { unsafe openat(descriptor.raw, $0, flags) }
        return OpenFile(OwnedDescriptor(opened), path: path.appending(name), faults: faults)
    }

    /// Opens an existing file for reading and writing.
    package func openForWriting(_ name: PathBytes) throws -> OpenFile {
        let flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC
        let opened = try unsafe call(.open, name) { unsafe openat(descriptor.raw, $0, flags) }
        return OpenFile(OwnedDescriptor(opened), path: path.appending(name), faults: faults)
    }

    /// Creates a file that must not exist yet.
    package func create(_ name: PathBytes, mode: UInt32) throws -> OpenFile {
        let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let opened = try unsafe call(.create, name) { unsafe openat(descriptor.raw, $0, flags, mode) }
        return OpenFile(OwnedDescriptor(opened), path: path.appending(name), faults: faults)
    }

    /// What this directory itself is.
    package func status() throws -> FileStatus {
        try faults.check(.stat, path)
        var raw = stat()
        _ = try systemCall(.stat, path) { unsafe fstat(descriptor.raw, &raw) }
        return FileStatus(raw)
    }

    /// What `name` is: a link itself, not what it points to.
    package func status(of name: PathBytes) throws -> FileStatus {
        var raw = stat()
        _ = try unsafe call(.stat, name) { unsafe fstatat(descriptor.raw, $0, &raw, AT_SYMLINK_NOFOLLOW) }
        return FileStatus(raw)
    }

    /// What `name` is, or nil where it does not exist.
    package func statusIfPresent(of name: PathBytes) throws -> FileStatus? {
        do { return try status(of: name) } catch let error as FileError where error.isAbsent { return nil }
    }

    /// Throws where this process may not read `name`.
    package func checkReadable(_ name: PathBytes) throws {
        _ = try unsafe call(.access, name) { unsafe faccessat(descriptor.raw, $0, R_OK, 0) }
    }

    /// Moves `name` into `target` as `newName`; throws `EEXIST` rather than replace anything.
    package func rename(_ name: PathBytes, to target: Directory, as newName: PathBytes) throws {
        _ = try unsafe call(.rename, name) { old in
            unsafe newName.withCString {
                unsafe renameWithoutReplacing(descriptor.raw, old, target.descriptor.raw, $0)
            }
        }
    }

    /// Removes the file `name`.
    ///
    /// - Returns: False where it was absent already.
    @discardableResult
    package func unlink(_ name: PathBytes) throws -> Bool {
        do {
            _ = try unsafe call(.unlink, name) { unsafe unlinkat(descriptor.raw, $0, 0) }
            return true
        } catch let error as FileError where error.isAbsent {
            return false
        }
    }

    /// Makes the directory's names durable. A failure is final: do not sync again, recover from what is on disk.
    package func sync() throws {
        try faults.check(.syncDirectory, path)
        _ = try systemCall(.syncDirectory, path) { fsync(descriptor.raw) }
    }

    /// Calls `visit` with every name but `.` and `..`, in no order, holding no list of them.
    ///
    /// A name that is added or removed meanwhile may or may not be seen. The hint of its kind is nil where the file system
    /// does not say.
    package func forEachName(_ visit: (PathBytes, _ kindHint: FileStatus.Kind?) throws -> Void) throws {
        let here: PathBytes = "."
        let opened = try unsafe call(.list, here) {
            unsafe openat(descriptor.raw, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        guard let stream = unsafe fdopendir(opened) else {
            let code = errno
            _ = close(opened)
            throw FileError(.list, path, code)
        }
        defer { unsafe _ = closedir(stream) }
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                let code = errno
                if code != 0 { throw FileError(.list, path, code) }
                return
            }
            // The entry is only as long as its name: the tuple that Swift imports may reach past its end.
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else {
                preconditionFailure("d_name is a field")
            }
            let start = unsafe UnsafeRawPointer(entry) + offset
            let length = unsafe strlen(start.assumingMemoryBound(to: CChar.self))
            let name = unsafe PathBytes(UnsafeRawBufferPointer(start: start, count: length))
            if name == "." || name == ".." { continue }
            try visit(name, unsafe Self.kind(entry.pointee.d_type))
        }
    }

    private static func kind(_ type: UInt8) -> FileStatus.Kind? {
        switch Int(type) {
        case Int(DT_REG): .regular
        case Int(DT_DIR): .directory
        case Int(DT_LNK): .symbolicLink
        case Int(DT_FIFO): .pipe
        case Int(DT_SOCK): .socket
        case Int(DT_BLK), Int(DT_CHR): .device
        default: nil
        }
    }
}
