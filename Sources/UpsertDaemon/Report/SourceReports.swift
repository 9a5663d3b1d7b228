/// Something that an operator has to mend before a file, directory or database can be read.
package struct ProblemReport: Sendable, Equatable, Codable {
    package var path: String
    /// One sentence.
    package var reason: String
    /// The shell command that mends it.
    package var mend: String

    package init(path: String, reason: String, mend: String) {
        self.path = path
        self.reason = reason
        self.mend = mend
    }
}

/// One spool in a status report.
package struct SpoolReport: Sendable, Equatable, Codable {
    /// How new files are noticed.
    package enum Watching: String, Sendable, Codable {
        case inotify
        /// Looking from time to time, where inotify does not work.
        case polling
    }

    package var directory: String
    package var target: String
    /// Files in `incoming/`, ready or waiting to be complete.
    package var incoming = 0
    /// Files claimed and not accepted whole yet.
    package var claimed = 0
    package var watching: Watching
    package var problems: [ProblemReport] = []

    package init(directory: String, target: String, watching: Watching) {
        self.directory = directory
        self.target = target
        self.watching = watching
    }
}

/// One outbox in a status report.
package struct OutboxReport: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable {
        /// Looked at, nothing to take.
        case idle
        /// Rows are being taken.
        case reading
        /// Not readable; see the problem.
        case failed
    }

    package var path: String
    package var target: String
    package var state: State
    /// Absent while all is well.
    package var problem: ProblemReport?

    package init(path: String, target: String, state: State, problem: ProblemReport? = nil) {
        self.path = path
        self.target = target
        self.state = state
        self.problem = problem
    }
}
