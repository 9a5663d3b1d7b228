internal import UpsertCore

/// The status socket: `status`.
package struct StatusConfiguration: Sendable, Equatable {
    /// `socket`: path of the Unix socket, at most 107 bytes; nil, where it is absent, for no socket.
    package var socket: String?
    /// `mode`: permission bits of the socket, 0…0777 in octal. Default "0660".
    package var mode: UInt32
    /// `admin_group`: members may pause, resume, flush, reload, retry and drop, as may root and the daemon's own user.
    /// Default upsertd-admin; the group need not exist.
    package var adminGroup: String
    /// `read_group`: the socket file's group, whose members may read status and receipts. Default: nil, which leaves the
    /// file to the daemon's own group.
    package var readGroup: String?

    package init(socket: String?) {
        self.socket = socket
        mode = ConfigurationDefaults.statusMode
        adminGroup = ConfigurationDefaults.statusAdminGroup
    }

    /// Reads `status`.
    init(_ section: ConfigurationSection?) {
        self.init(socket: nil)
        guard let section else { return }
        socket = section.path("socket")
        if let path = socket, path.utf8.count > ConfigurationDefaults.statusSocketBytesMax {
            section.report(
                "socket",
                "must have at most \(ConfigurationDefaults.statusSocketBytesMax) bytes, has \(path.utf8.count)")
        }
        mode = section.permissions("mode") ?? mode
        adminGroup = section.account("admin_group") ?? adminGroup
        readGroup = section.account("read_group")
        section.reportUnknownKeys()
    }
}

extension ConfigurationSection {
    /// Permission bits in octal.
    fileprivate func permissions(_ key: String) -> UInt32? {
        guard let text = text(key) else { return nil }
        guard (3...4).contains(text.utf8.count), let bits = UInt32(text, radix: 8), bits <= 0o777 else {
            report(key, "must be permission bits in octal such as \"0660\", is \(shown(text))")
            return nil
        }
        return bits
    }

    /// The name of a group.
    fileprivate func account(_ key: String) -> String? {
        guard let text = text(key) else { return nil }
        let allowed = text.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "/")
        }
        guard allowed, (1...32).contains(text.utf8.count) else {
            report(key, "must be the name of a group, is \(shown(text))")
            return nil
        }
        return text
    }

    /// A namespace, with the word for the default one made empty.
    func namespace(_ key: String) -> String {
        guard let text = text(key) else { return "" }
        let bytes = Array(text.utf8)
        guard bytes.count <= RecordLimits.namespaceBytesMax, bytes.allSatisfy({ $0 != 0 && $0 < 0x80 }) else {
            report(key, "must have 0 to \(RecordLimits.namespaceBytesMax) ASCII characters, is \(shown(text))")
            return ""
        }
        return text == "__default__" ? "" : text
    }
}
