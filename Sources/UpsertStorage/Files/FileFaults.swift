/// The seam through which a test makes one file-system call fail. In production it does nothing.
package struct FileFaults: Sendable {
    private let strike: (@Sendable (FileOperation, PathBytes) -> CInt?)?

    /// No faults: every call reaches the kernel.
    package static let none = FileFaults(nil)

    private init(_ strike: (@Sendable (FileOperation, PathBytes) -> CInt?)?) { self.strike = strike }

    /// Asks `strike` before each call; an `errno` it returns is thrown in place of the call.
    package init(striking strike: @escaping @Sendable (FileOperation, PathBytes) -> CInt?) { self.strike = strike }

    /// Throws where the test wants this call to fail.
    func check(_ operation: FileOperation, _ path: @autoclosure () -> PathBytes) throws {
        guard let strike else { return }
        let place = path()
        if let code = strike(operation, place) { throw FileError(operation, place, code) }
    }
}
