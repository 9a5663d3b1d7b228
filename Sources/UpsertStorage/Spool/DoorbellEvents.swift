/// What was heard from the kernel since the doorbell was last read.
package struct DoorbellEvents: Sendable, Equatable {
    package enum Change: Sendable, Equatable {
        /// A name appeared: a new file, about to be written, or a link.
        case created
        /// It was closed after writing, or renamed in.
        case completed
    }

    package struct File: Sendable, Equatable {
        /// The name below `incoming/`.
        package var place: PathBytes
        package var change: Change
    }

    /// News of files that are not ignored, in the order of the events.
    package var files: [File] = []
    /// A directory appeared or went: scan, then watch what the scan lists.
    package var directoriesChanged = false
    /// Events were lost: only a scan tells what happened.
    package var lostSome = false

    package init() {}

    /// Whether a scan could find anything new.
    package var callForScan: Bool { lostSome || directoriesChanged || !files.isEmpty }
}
