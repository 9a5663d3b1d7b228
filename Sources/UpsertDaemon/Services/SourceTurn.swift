package import UpsertCore
package import UpsertStorage

/// What a source of records did when it had its turn.
enum SourceTurn: Sendable, Equatable {
    /// It accepted something; there may be more.
    case worked
    /// Nothing to do before an event, or before this many milliseconds have passed.
    case idle(lookAgainAfter: Int64?)
}

/// A source's state, for status.
package struct SourceStatus: Sendable, Equatable {
    /// Files or rows seen and not taken yet.
    package var waiting = 0
    /// Files claimed and not accepted whole yet.
    package var claimed = 0
    /// Whether changes are noticed by inotify, or by looking from time to time.
    package var isWatching = false
    package var problems: [SourceProblem] = []
    /// Reading, checking and encoding its records; bytes as they lie in the file or the row.
    package var decode = StageTotals()

    package init() {}
}

/// Something that an operator has to mend before a file, directory or database can be read.
package struct SourceProblem: Sendable, Equatable {
    package var path: String
    package var reason: String
    /// The command that mends it.
    package var mend: String

    package init(path: String, reason: String, mend: String) {
        self.path = path
        self.reason = reason
        self.mend = mend
    }

    package init(_ problem: SpoolProblem) {
        self.init(path: problem.path.description, reason: problem.reason, mend: problem.command)
    }
}
