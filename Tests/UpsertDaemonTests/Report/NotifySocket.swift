import Glibc

/// A real datagram socket, as systemd and the journal listen at.
final class NotifySocket: Sendable {
    let descriptor: CInt

    /// - Parameter name: A path, or a name in the abstract namespace after an `@`.
    init(_ name: String) {
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        precondition(bound == 0, "cannot bind \(name): errno \(errno)")
    }

    deinit { close(descriptor) }

    /// The next datagram that is there; nil where there is none.
    func next() -> String? {
        var block = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &block, block.count, CInt(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: block[..<count], as: UTF8.self)
    }
}
