/// The kernel's table of mounts, for the one question whether a file system can be changed by other machines.
enum MountTable {
    /// The type of the file system with this device number, such as `ext4`; nil where the table does not list it.
    static func fileSystemType(device: UInt64) -> String? {
        let table: PathBytes = "mountinfo"
        // Without /proc there is no answer, and the caller goes on without one.
        guard let file = try? Directory("/proc/self").open(table) else { return nil }
        var text: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let offset = text.count
            let count = try? unsafe block.withUnsafeMutableBytes { try unsafe file.read(into: $0, at: offset) }
            guard let count, count > 0 else { break }
            text += block[..<count]
        }
        return fileSystemType(device: device, in: String(decoding: text, as: UTF8.self))
    }

    /// Reads `36 35 98:0 /root /point options tags - ext4 /dev/root options`; source: proc(5), `mountinfo`.
    static func fileSystemType(device: UInt64, in table: String) -> String? {
        // The kernel's dev_t as user space sees it; source: sys/sysmacros.h.
        let major = (device >> 8 & 0xFFF) | (device >> 32 & ~0xFFF)
        let minor = (device & 0xFF) | (device >> 12 & ~0xFF)
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 4, words[2] == "\(major):\(minor)", let dash = words.firstIndex(of: "-") else {
                continue
            }
            return words.dropFirst(dash + 1).first.map(String.init)
        }
        return nil
    }

    /// Whether files of this type can change without this machine's kernel knowing.
    static func isShared(_ type: String) -> Bool {
        let shared = [
            "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "lustre", "gpfs", "beegfs", "virtiofs", "vboxsf",
            "ocfs2",
            "gfs2", "orangefs", "coda",
        ]
        return shared.contains(type) || type.hasPrefix("fuse.")
    }
}
