/// Why the queue cannot be used.
package struct QueueError: Error, Sendable, CustomStringConvertible {
    /// The closed set of causes.
    package enum Code: Sendable {
        /// Another process holds the queue directory.
        case inUse
        /// The file was written by a newer version.
        case newer
        /// The file is damaged or not a queue.
        case damaged
        /// The disk failed, so nobody knows what is on it; the process must end and recover.
        case failed
        /// There is no room on the disk; nothing was changed.
        case full
        /// The file system is read-only; nothing was changed.
        case readOnly
        /// The directory or file cannot be opened or written.
        case unusable
        /// What was asked for does not exist.
        case notFound
        /// The request makes no sense in this state, such as retrying a superseded record.
        case refused
    }

    package var code: Code
    /// One sentence: what, where, what to do.
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the queue must not be used any more after it.
    package var isFinal: Bool { code == .damaged || code == .failed }

    package var description: String { message }
}
