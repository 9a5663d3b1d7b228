/// How far into a claimed file its content is accounted for.
package struct ClaimPosition: Sendable, Hashable {
    /// Bytes consumed from the start of the file.
    package var offset: Int
    /// Lines consumed.
    package var line: Int

    package init(offset: Int, line: Int) {
        self.offset = offset
        self.line = line
    }

    /// Nothing consumed yet.
    package static let start = ClaimPosition(offset: 0, line: 0)
}

/// One line of a claimed file, without its line end.
@safe
package struct ClaimLine {
    package enum Ending: Sendable, Equatable {
        /// A line feed, or a carriage return and a line feed.
        case newline
        /// The file ends here: accept the line if it parses, else it is `truncated`.
        case endOfFile
        /// The line has this many bytes, more than the cap; ``ClaimLine/bytes`` holds the first of them.
        case tooLong(Int)
    }

    /// The content, valid until the reader is used again, with ``ClaimReader/padding`` readable bytes behind it. May be
    /// empty.
    package let bytes: UnsafeRawBufferPointer
    /// Counts from 1.
    package let number: Int
    /// Where the line begins in the file, in bytes.
    package let offset: Int
    package let ending: Ending

    /// Whether ``bytes`` is all of the line.
    package var isWhole: Bool {
        if case .tooLong(let length) = ending { return unsafe bytes.count == length }
        return true
    }

    init(_ bytes: UnsafeRawBufferPointer, number: Int, offset: Int, ending: Ending) {
        unsafe self.bytes = unsafe bytes
        self.number = number
        self.offset = offset
        self.ending = ending
    }
}
