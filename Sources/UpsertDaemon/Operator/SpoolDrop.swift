internal import Glibc
internal import UpsertStorage

/// Hands files over to a spool as its contract asks: under a hidden name, fsynced, then renamed.
package struct SpoolDrop {
    /// The spool's directory.
    package let spool: String
    /// `incoming/`, or the namespace's directory below it.
    private let directory: String
    /// How the receipt names what is dropped here: empty, or the namespace's directory and a slash.
    private let prefix: String
    /// When the last file got its name: the next one must be later, as a spool is read in the order of change times.
    private var last = timespec()

    /// Finds the place to drop to; the directory of a namespace is made where it is absent.
    ///
    /// - Parameter namespace: nil for the namespace that the spool is configured with.
    package init(spool: String, namespace: String?) throws(SpoolDropError) {
        self.spool = spool
        let incoming = spool + "/incoming"
        guard unsafe access(incoming, F_OK) == 0 else {
            throw SpoolDropError.system("\(shown(incoming)), which a spool has, cannot be used", errno)
        }
        guard let namespace else {
            directory = incoming
            prefix = ""
            return
        }
        let name = NamespaceName.encoded(namespace)
        guard name.bytes.count <= ClaimName.namespaceBytesMax else {
            throw SpoolDropError(.invalid, "the namespace is too long for a directory; name it in the records instead")
        }
        directory = incoming + "/" + name.text
        prefix = name.text + "/"
        try Self.make(directory)
    }

    private static func make(_ directory: String) throws(SpoolDropError) {
        guard unsafe mkdir(directory, 0o770) == 0 else {
            if errno == EEXIST { return }
            throw SpoolDropError.system("cannot make \(shown(directory))", errno)
        }
        // Whatever the umask, the daemon, which is in the group, must be able to take files out.
        var status = stat()
        guard unsafe stat(directory, &status) == 0, unsafe chmod(directory, status.st_mode & 0o7777 | 0o070) == 0 else {
            throw SpoolDropError.system("cannot prepare \(shown(directory))", errno)
        }
    }

    /// Copies a file into the spool; durable when this returns.
    ///
    /// - Parameter path: The file; `-` is standard input, taken as one record a line.
    /// - Returns: The name by which the receipt is found.
    package mutating func drop(_ path: String) throws(SpoolDropError) -> String {
        let name = PathBytes(path == "-" ? "stdin.ndjson" : path).lastComponent
        guard SpoolFormat(name: name) != nil else {
            let allowed = SpoolFormat.extensions.joined(separator: " ")
            throw SpoolDropError(.invalid, "\(shown(path)) has none of the extensions \(allowed)")
        }
        let input = path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw SpoolDropError.system("cannot open \(shown(path))", errno) }
        defer { close(input) }
        return try drop(input, name: Self.uniqueName(name).text, from: path)
    }

    private mutating func drop(_ input: CInt, name: String, from path: String) throws(SpoolDropError) -> String {
        let hidden = "\(directory)/.\(name)"
        let visible = "\(directory)/\(name)"
        // Readable by the group whatever the umask, as the daemon is not the owner.
        let output = unsafe open(hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard output >= 0 else { throw SpoolDropError.system("cannot write to \(shown(directory))", errno) }
        defer { close(output) }
        var isRenamed = false
        defer { if !isRenamed { unsafe unlink(hidden) } }
        try Self.copy(input, to: output, path)
        guard fchmod(output, 0o640) == 0, fsync(output) == 0 else {
            throw SpoolDropError.system("cannot write \(shown(hidden))", errno)
        }
        waitForLaterClock()
        guard unsafe rename(hidden, visible) == 0 else {
            throw SpoolDropError.system("cannot rename to \(shown(visible))", errno)
        }
        isRenamed = true
        var status = stat()
        if unsafe fstat(output, &status) == 0 { last = status.st_ctim }
        try syncDirectory()
        return prefix + name
    }

    private static func copy(_ input: CInt, to output: CInt, _ path: String) throws(SpoolDropError) {
        var block = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = unsafe read(input, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SpoolDropError.system("cannot read \(shown(path))", errno) }
            if count == 0 { return }
            var rest = block[..<count]
            while !rest.isEmpty {
                let written = unsafe rest.withUnsafeBytes { unsafe write(output, $0.baseAddress, $0.count) }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw SpoolDropError.system("cannot write to the spool", errno) }
                rest = rest.dropFirst(written)
            }
        }
    }

    /// Waits for the clock that stamps files, which ticks every few milliseconds, to pass the last file's time.
    private func waitForLaterClock() {
        var now = timespec()
        for _ in 0..<100 {
            unsafe clock_gettime(CLOCK_REALTIME_COARSE, &now)
            if (now.tv_sec, now.tv_nsec) > (last.tv_sec, last.tv_nsec) { return }
            usleep(1_000)
        }
    }

    private func syncDirectory() throws(SpoolDropError) {
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SpoolDropError.system("cannot open \(shown(directory))", errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SpoolDropError.system("cannot sync \(shown(directory))", errno) }
    }

    /// `NAME-RANDOM.EXTENSION`, not hidden, and short enough to stay whole in receipts.
    static func uniqueName(_ name: PathBytes) -> PathBytes {
        let short = name.shortened(to: 120)
        let dot = short.bytes.lastIndex(of: UInt8(ascii: ".")) ?? short.bytes.count
        let stem = short.bytes[..<dot].drop { $0 == UInt8(ascii: ".") }
        let random = String(UInt64.random(in: .min ... .max), radix: 16)
        let padded = String(repeating: "0", count: 16 - random.count) + random
        return PathBytes(
            (stem.isEmpty ? Array("file".utf8) : Array(stem)) + Array("-\(padded)".utf8) + short.bytes[dot...])
    }
}

/// Why a file was not handed over.
package struct SpoolDropError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The closed set of causes.
    package enum Code: Sendable {
        /// The request makes no sense: a wrong extension, a namespace that no directory can have.
        case invalid
        /// A file or directory is not there.
        case unusable
        case noPermission
        case inputOutput
    }

    package var code: Code
    /// One sentence.
    package var description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    static func system(_ what: String, _ number: CInt) -> SpoolDropError {
        switch number {
        case EACCES, EPERM:
            SpoolDropError(
                .noPermission, "\(what): \(ErrorNumber.text(number)); producers are in the group upsertd-spool")
        case ENOENT, ENOTDIR, EISDIR: SpoolDropError(.unusable, "\(what): \(ErrorNumber.text(number))")
        default: SpoolDropError(.inputOutput, "\(what): \(ErrorNumber.text(number))")
        }
    }
}
