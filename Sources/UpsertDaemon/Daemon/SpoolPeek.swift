internal import Glibc
internal import UpsertSQLite
internal import UpsertStorage

/// Looks, without the intake's help, whether a spool holds anything that is not accepted yet.
enum SpoolPeek {
    /// Whether a file that would be read lies in `incoming/` or a namespace directory in it.
    static func hasIncoming(_ directory: String) -> Bool {
        let incoming = directory + "/incoming"
        return contains(incoming) { name, isDirectory in
            isDirectory
                ? contains(incoming + "/" + name) { name, isDirectory in !isDirectory && isRecordFile(name) }
                : isRecordFile(name)
        }
    }

    /// Whether a claimed file is not accepted whole.
    static func hasClaimed(_ directory: String) -> Bool {
        contains(directory + "/claimed") { name, isDirectory in !isDirectory && isRecordFile(name) }
    }

    private static func isRecordFile(_ name: String) -> Bool {
        !SpoolFormat.ignores(PathBytes(name)) && SpoolFormat(name: PathBytes(name)) != nil
    }

    private static func contains(_ path: String, _ matches: (String, Bool) -> Bool) -> Bool {
        guard let directory = unsafe opendir(path) else { return false }
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            if matches(name, unsafe entry.pointee.d_type == UInt8(DT_DIR)) { return true }
        }
        return false
    }
}

/// Looks, without the intake's help, whether an outbox has rows.
enum OutboxPeek {
    /// Whether a row is there; true as well when that cannot be told, since then nothing may be called idle.
    static func hasRows(_ path: String) -> Bool {
        guard let connection = try? Connection(path: path, mode: .readOnly, busyTimeout: 100),
            let rows = try? connection.integer("SELECT EXISTS (SELECT 1 FROM upsertd_outbox)")
        else { return true }
        return rows != 0
    }
}
