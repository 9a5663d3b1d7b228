internal import Glibc

/// A bound Unix stream socket and the file that stands for it.
struct UnixSocket: Sendable {
    let descriptor: Int32
    let path: String
    private let device: UInt64
    private let inode: UInt64

    /// Binds `path` with exactly the permission bits of `mode`.
    ///
    /// - Throws: ``UnixSocketError`` when the path is too long, in use, or taken by something that is not a socket.
    init(path: String, mode: UInt32) throws {
        try Self.removeStale(path)
        let descriptor = socket(AF_UNIX, Self.streamType, 0)
        guard descriptor >= 0 else { throw UnixSocketError(path, "socket", errno) }
        do {
            let status = try Self.bind(descriptor, to: path, mode: mode)
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
    }

    private static func bind(_ descriptor: Int32, to path: String, mode: UInt32) throws -> stat {
        // The mode of the descriptor becomes the mode of the file when it is bound, so nobody gets in before
        // chmod has set it exactly.
        guard fchmod(descriptor, 0o600) == 0 else { throw UnixSocketError(path, "fchmod", errno) }
        let bound = try unsafe withAddress(path) { unsafe Glibc.bind(descriptor, $0, $1) }
        guard bound == 0 else { throw UnixSocketError(path, "bind", errno) }
        guard unsafe chmod(path, mode) == 0 else { throw UnixSocketError(path, "chmod", errno) }
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw UnixSocketError(path, "lstat", errno) }
        return status
    }

    /// Removes the file, if it is still the one that was bound.
    func unlinkFile() {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, UInt64(status.st_dev) == device, UInt64(status.st_ino) == inode else {
            return
        }
        unsafe unlink(path)
    }

    private static let streamType = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

    /// Removes a socket that nobody listens on; leaves everything else alone.
    private static func removeStale(_ path: String) throws {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw UnixSocketError(path, "lstat", errno)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw UnixSocketError(path, "not a socket", EEXIST) }
        let probe = socket(AF_UNIX, Self.streamType, 0)
        guard probe >= 0 else { throw UnixSocketError(path, "socket", errno) }
        defer { close(probe) }
        let connected = try unsafe withAddress(path) { unsafe connect(probe, $0, $1) }
        guard connected != 0, errno == ECONNREFUSED else { throw UnixSocketError(path, "in use", EADDRINUSE) }
        guard unsafe unlink(path) == 0 else { throw UnixSocketError(path, "unlink", errno) }
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity, !bytes.contains(0) else { throw UnixSocketError(path, "path", ENAMETOOLONG) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// Why a Unix socket could not be bound. An operator can act on it.
package struct UnixSocketError: Error, Sendable, CustomStringConvertible {
    package var path: String
    package var step: String
    /// The `errno` of the step.
    package var code: Int32

    /// Whether another process listens there.
    package var isInUse: Bool { code == EADDRINUSE }

    init(_ path: String, _ step: String, _ code: Int32) {
        self.path = path
        self.step = step
        self.code = code
    }

    package var description: String {
        if isInUse { return "another process listens on the socket \(path); stop that one, or choose another path" }
        let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        return "socket \(path): \(step): \(reason)"
    }
}
