import Glibc
import Synchronization
import Testing

@testable import UpsertStorage

/// A spool in a directory of its own, which goes with the fixture.
final class SpoolFixture {
    let path: String
    private let sequence = Counter()

    final class Counter: Sendable {
        private let value = Atomic<Int64>(0)
        func next() -> Int64 { value.add(1, ordering: .relaxed).newValue }
    }

    init() {
        var template = Array("/tmp/upsertd-spool-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    deinit { _ = run("rm", "-rf", path) }

    func spool(faults: FileFaults = .none, _ change: (inout Spool.Options) -> Void = { _ in }) throws -> Spool {
        var options = Spool.Options(directory: path)
        change(&options)
        let sequence = sequence
        return try Spool(options, faults: faults) { sequence.next() }
    }

    /// Writes a file below the spool's directory.
    func write(_ content: String, to name: String) { write(Array(content.utf8), to: PathBytes(name)) }

    func write(_ content: [UInt8], to name: PathBytes, flags: CInt = O_TRUNC) {
        let opened = PathBytes(path).appending(name).withCString { open($0, O_WRONLY | O_CREAT | flags, 0o644) }
        precondition(opened >= 0, "cannot write \(name): errno \(errno)")
        defer { close(opened) }
        var done = 0
        while done < content.count {
            done += content.withUnsafeBytes { Glibc.write(opened, $0.baseAddress! + done, $0.count - done) }
        }
    }

    func append(_ content: String, to name: String) {
        write(Array(content.utf8), to: PathBytes(name), flags: O_APPEND)
    }

    /// The content of a file below the spool's directory, or nil where there is none.
    func read(_ name: String) -> String? {
        guard let file = try? Directory(PathBytes(path)).open(PathBytes(name)) else { return nil }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 20, alignment: 1)
        defer { memory.deallocate() }
        guard let count = try? file.readFully(into: memory, at: 0) else { return nil }
        return String(decoding: memory[..<count], as: UTF8.self)
    }

    /// Names in a directory below the spool's, sorted, hidden ones left out.
    func names(_ directory: String) -> [String] {
        var names: [String] = []
        try? Directory(PathBytes(path + "/" + directory)).forEachName { name, _ in
            if name.bytes.first != UInt8(ascii: ".") { names.append(name.text) }
        }
        return names.sorted()
    }

    /// `seconds` after the base of both clocks. Files made by the test are older than any moment of at least 1 second.
    func moment(_ seconds: Double) -> SpoolMoment {
        let nanoseconds = Int64(seconds * 1e9)
        return SpoolMoment(
            wallNanoseconds: SpoolMoment.current.wallNanoseconds + nanoseconds,
            steadyNanoseconds: 1_000_000_000_000 + nanoseconds)
    }

    /// The files that are complete after settling.
    func settled(_ spool: Spool) throws -> SpoolScan {
        _ = try spool.scan(now: moment(0))
        return try spool.scan(now: moment(3))
    }

    /// Claims everything that is there.
    func claimAll(_ spool: Spool) throws -> [ClaimedFile] {
        let outcome = try spool.claim(try settled(spool).ready, now: moment(3))
        if let failure = outcome.failure { throw failure }
        return outcome.claimed
    }

    /// Runs a program and waits for it; returns its exit status.
    @discardableResult
    func run(_ arguments: String...) -> CInt {
        var process = pid_t()
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        guard posix_spawnp(&process, words[0]!, nil, nil, &words, environ) == 0 else { return -1 }
        var status: CInt = 0
        waitpid(process, &status, 0)
        return status
    }
}

/// Makes one kind of call fail, once or from then on.
final class FaultSwitch: Sendable {
    private struct State {
        var operation: FileOperation?
        var containing = ""
        var code: CInt = 0
        var calls: [String] = []
    }

    private let state = Mutex(State())

    var faults: FileFaults {
        FileFaults(striking: { operation, path in
            self.state.withLock { state in
                state.calls.append("\(operation.rawValue) \(path)")
                guard operation == state.operation, path.text.contains(state.containing) else { return nil }
                return state.code
            }
        })
    }

    /// From now on, `operation` on a path containing `part` fails with `code`.
    func arm(_ operation: FileOperation, containing part: String = "", _ code: CInt) {
        state.withLock {
            $0.operation = operation
            $0.containing = part
            $0.code = code
        }
    }

    func disarm() { state.withLock { $0.operation = nil } }

    var calls: [String] { state.withLock { $0.calls } }

    func forgetCalls() { state.withLock { $0.calls = [] } }
}
