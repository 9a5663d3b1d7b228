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

    package var description: String { message }
}
