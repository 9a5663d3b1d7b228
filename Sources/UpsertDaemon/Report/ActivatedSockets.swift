internal import CSystemd
internal import Glibc

/// Listening sockets that systemd has handed over, by the names that their units give them (FileDescriptorName=).
package struct ActivatedSockets: Sendable, Equatable {
    /// One of them.
    package struct Listening: Sendable, Equatable {
        package var descriptor: CInt
        /// The path that it is bound to.
        package var path: String
    }

    /// `status`: whoever can connect may read, and may change things if the credentials of the connection allow it.
    package var status: Listening?
    /// `control`: whoever can connect may read and change; its unit gives it to the admin group.
    package var control: Listening?

    package init() {}

    /// Takes what was handed to this process, once; later calls get nothing. Every descriptor is closed on exec from then on.
    ///
    /// - Throws: ``OperatorError`` when a socket is none that this daemon can serve, naming the unit's setting.
    package static func take() throws(OperatorError) -> ActivatedSockets {
        var taken = ActivatedSockets()
        for (descriptor, name) in handedOver() {
            let socket = Listening(descriptor: descriptor, path: try path(of: descriptor, name))
            switch name {
            case "status": taken.status = socket
            case "control":
                try requirePrivate(socket)
                taken.control = socket
            default:
                throw OperatorError(
                    .invalid,
                    "systemd hands over a socket named \(shown(name)) (\(shown(socket.path))); FileDescriptorName= "
                        + "must be status or control")
            }
        }
        return taken
    }

    /// Checks that the status socket is where the configuration says, since clients would wait at it for ever.
    ///
    /// - Throws: ``OperatorError`` naming both places.
    package func require(statusPath: String?) throws(OperatorError) {
        guard let status, let statusPath, status.path != statusPath else { return }
        throw OperatorError(
            .invalid,
            "status.socket is \(statusPath), but upsertd.socket listens on \(status.path); make them the same")
    }

    private static func handedOver() -> [(descriptor: CInt, name: String)] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe sd_listen_fds_with_names(1, &names)
        guard count > 0 else { return [] }
        defer { unsafe free(names) }
        return (0..<count).map { index in
            let name = unsafe names?[Int(index)]
            defer { unsafe free(name) }
            return (SD_LISTEN_FDS_START + index, unsafe name.map { unsafe String(cString: $0) } ?? "")
        }
    }

    private static func path(of descriptor: CInt, _ name: String) throws(OperatorError) -> String {
        guard sd_is_socket_unix(descriptor, CInt(SOCK_STREAM.rawValue), 1, nil, 0) > 0 else {
            throw OperatorError(
                .invalid, "the descriptor \(shown(name)) that systemd hands over is no listening Unix stream socket")
        }
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe getsockname(descriptor, $0, &length) }
        }
        let prefix = MemoryLayout<sa_family_t>.size
        guard result == 0, Int(length) > prefix else {
            throw OperatorError(.invalid, "the socket \(shown(name)) that systemd hands over is bound to no path")
        }
        let bytes = unsafe withUnsafeBytes(of: &address.sun_path) {
            unsafe Array($0.prefix(min($0.count, Int(length) - prefix)).prefix { $0 != 0 })
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The control socket trusts whoever connects, so not everybody may.
    private static func requirePrivate(_ socket: Listening) throws(OperatorError) {
        var status = stat()
        guard unsafe lstat(socket.path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            throw OperatorError(
                .invalid, "the control socket is bound to \(shown(socket.path)), but there is no socket now")
        }
        guard status.st_mode & 0o007 == 0 else {
            throw OperatorError(
                .invalid,
                "everybody may connect to the control socket \(socket.path); set SocketMode=0660 in its unit")
        }
    }
}
