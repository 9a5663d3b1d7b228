internal import Glibc

/// A note in the queue directory that damage was found while running. A start reads only part of the file, so without it the
/// daemon would meet the same bad page again and again.
enum DamageMark {
    /// The file's name in the queue directory.
    static let name = "damaged"
    private static let bytesMax = 4_096

    /// Leaves the note, durably as far as the disk allows.
    static func set(in directory: String, _ reason: String) {
        let descriptor = unsafe open(
            directory + "/" + name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        // On a disk that takes no more, the damage is found again when it is read again.
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let text = Array(reason.utf8.prefix(bytesMax))
        unsafe _ = write(descriptor, text, text.count)
        fsync(descriptor)
        syncDirectory(directory)
    }

    /// What was noted; nil where there is no note.
    static func read(in directory: String) -> String? {
        let descriptor = unsafe open(directory + "/" + name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var text = [UInt8](repeating: 0, count: bytesMax)
        let count = unsafe Glibc.read(descriptor, &text, bytesMax)
        return String(decoding: text.prefix(max(0, count)), as: UTF8.self)
    }

    /// Takes the note away.
    static func clear(in directory: String) {
        unsafe unlink(directory + "/" + name)
        syncDirectory(directory)
    }
}

/// Makes a directory's names durable, as far as the disk allows.
func syncDirectory(_ path: String) {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
}
