import Glibc

/// Inputs kept in `Tests/corpus`: seeds, and what once found something.
enum Corpus {
    /// The files of a folder, by name.
    static func files(_ folder: String) -> [(name: String, bytes: [UInt8])] {
        let path = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/corpus/" + folder
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var files: [(name: String, bytes: [UInt8])] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { files.append((name, read(path + "/" + name))) }
        }
        return files.sorted { $0.name < $1.name }
    }

    private static func read(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
        return pread(descriptor, &bytes, bytes.count, 0) == bytes.count ? bytes : []
    }
}
