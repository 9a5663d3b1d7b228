internal import Glibc

/// One record in a file: read, or changed in the operator's editor.
enum RecordFile {
    private static let bytesMax = 1 << 20

    /// The content of a file; `-` is standard input.
    static func read(_ path: String) throws(FileTrouble) -> [UInt8] {
        let descriptor = path == "-" ? dup(STDIN_FILENO) : unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileTrouble("cannot open \(path)", errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe Glibc.read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileTrouble("cannot read \(path)", errno) }
            if count == 0 { return bytes }
            bytes += block[..<count]
            guard bytes.count <= bytesMax else {
                throw FileTrouble("\(path) is larger than 1 MiB; it must hold one record")
            }
        }
    }

    /// Lets the operator change a record and submits the result.
    ///
    /// The file with the changes is kept, and named, where they cannot be submitted.
    static func edit(_ record: [UInt8], _ number: Int64, _ submit: ([UInt8]) throws -> Void) throws {
        var template = Array("/tmp/upsertctl-\(number)-XXXXXX.json".utf8CString)
        let descriptor = unsafe mkstemps(&template, 5)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard descriptor >= 0 else { throw FileTrouble("cannot make \(path)", errno) }
        let content = record + Array("\n".utf8)
        let written = unsafe write(descriptor, content, content.count)
        close(descriptor)
        guard written == content.count else { throw FileTrouble("cannot write \(path)", errno) }
        try runEditor(path)
        let changed = try read(path)
        guard changed != content else {
            unsafe unlink(path)
            Console.complain("the record was not changed, so nothing is done; quarantine retry sends it as it is")
            throw ExitStatus.data.code
        }
        do {
            try submit(changed)
        } catch {
            Console.complain("the changed record is kept in \(path)")
            throw error
        }
        unsafe unlink(path)
    }

    private static func runEditor(_ path: String) throws(FileTrouble) {
        let named: [String] = ["VISUAL", "EDITOR"].compactMap { (name: String) -> String? in
            guard let value = unsafe getenv(name) else { return nil }
            return unsafe String(cString: value)
        }
        let editor = named.first { !$0.isEmpty } ?? "vi"
        // An editor may come with arguments, as in EDITOR="code --wait"; the shell takes them apart.
        let status = unsafe system("\(editor) '\(path)'")
        guard status == 0 else {
            throw FileTrouble("the editor (\(editor)) failed; the record is in \(path)")
        }
    }
}
