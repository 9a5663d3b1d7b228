import Glibc

/// What a program did.
struct ProcessResult: Sendable {
    var status: Int32
    var output: String
    var errors: String
}

/// Runs a program to its end, its output going to files in `directory`: one of this package by name, another by path.
func runProgram(
    _ name: String, _ arguments: [String], in directory: String, input: String = "", environment: [String] = []
) async -> ProcessResult {
    let program = name.hasPrefix("/") ? name : programDirectory + "/" + name
    let number = UInt64.random(in: .min ... .max)
    let paths = ["in", "out", "err"].map { "\(directory)/.\(number).\($0)" }
    writeFile(paths[0], input)
    let status = await withCheckedContinuation { (continuation: CheckedContinuation<Int32, Never>) in
        Thread.start { continuation.resume(returning: spawn(program, arguments, paths, environment)) }
    }
    return ProcessResult(status: status, output: readFile(paths[1]) ?? "", errors: readFile(paths[2]) ?? "")
}

/// Where the programs are that were built with this test.
private let programDirectory: String = {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
    let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    // The test may be run by a helper from elsewhere, but is named on its command line then.
    let candidates = [path] + CommandLine.arguments
    let bundle = candidates.first { $0.hasSuffix(".xctest") } ?? path
    return "/" + bundle.split(separator: "/").dropLast().joined(separator: "/")
}()

/// The exit status; 128 and the signal's number where one ended it, as a shell has it.
private func spawn(_ program: String, _ arguments: [String], _ paths: [String], _ environment: [String]) -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, paths[0], O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, paths[1], O_WRONLY | O_CREAT, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, paths[2], O_WRONLY | O_CREAT, 0o600)
    var argv = ([program] + arguments).map { strdup($0) } + [nil]
    var environ = (["PATH=/usr/bin:/bin"] + environment).map { strdup($0) } + [nil]
    defer { for pointer in argv + environ { free(pointer) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, program, &actions, nil, &argv, &environ)
    precondition(result == 0, "cannot run \(program): \(String(cString: strerror(result))); build it first")
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
}
