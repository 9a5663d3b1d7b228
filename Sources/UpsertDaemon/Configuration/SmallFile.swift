internal import Glibc

/// Reads a whole small file: a configuration, a key.
enum SmallFile {
    /// Why a file could not be read; one sentence without its name.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter bytesMax: A larger file is refused.
    /// - Returns: The content and the permission bits.
    static func read(_ path: String, bytesMax: Int) throws(Failure) -> (bytes: [UInt8], permissions: UInt32) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("cannot be opened") }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure("cannot be looked at") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(description: "is not a regular file") }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot be read") }
            if count == 0 { return (bytes, UInt32(status.st_mode & 0o7777)) }
            bytes += block[..<count]
            guard bytes.count <= bytesMax else { throw Failure(description: "is larger than \(bytesMax) bytes") }
        }
    }

    private static func failure(_ what: String) -> Failure {
        Failure(description: "\(what): \(ErrorNumber.text(errno))")
    }
}

/// The system's words for an error number.
enum ErrorNumber {
    static func text(_ number: CInt) -> String {
        unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
    }
}
