import Glibc

/// Settings of a test run from the environment.
package enum TestEnvironment {
    /// An integer, such as a number of runs.
    package static func integer(_ name: String) -> Int? {
        getenv(name).flatMap { Int(String(cString: $0)) }
    }

    /// How many runs a random test makes: `UPSERTD_TEST_RUNS` times the default is for a long session.
    package static func runs(_ standard: Int) -> Int { standard * (integer("UPSERTD_TEST_RUNS") ?? 1) }
}

/// A directory for one test, removed with it.
package final class TemporaryDirectory {
    package let path: String

    /// - Parameter parent: Where to make it, if that can be written; else in `/tmp`.
    package init(in parent: String = "/tmp") {
        let parent = access(parent, W_OK) == 0 ? parent : "/tmp"
        var template = Array("\(parent)/upsertd-test-XXXXXX\0".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    deinit { removeAll(path) }

    private func removeAll(_ path: String) {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name == "." || name == ".." { continue }
                var status = stat()
                lstat(path + "/" + name, &status)
                if status.st_mode & S_IFMT == S_IFDIR {
                    removeAll(path + "/" + name)
                } else {
                    unlink(path + "/" + name)
                }
            }
            closedir(directory)
        }
        rmdir(path)
    }
}
