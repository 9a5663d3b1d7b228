/// What one look at `incoming/` found.
package struct SpoolScan: Sendable {
    /// Complete files in the order in which they must be claimed.
    package var ready: [SpoolCandidate] = []
    /// Files that are not complete yet, or wait behind one that may be.
    package var waitingCount = 0
    /// When the first of the waiting files may be complete; nil where nothing waits on time alone.
    package var lookAgainAfter: Duration?
    /// Whether there are more files than ``Spool/Options/candidatesMax``; scan again after claiming these.
    package var hasMore = false
    /// What is left alone, at most ``problemsMax`` of it, in no order.
    package var problems: [SpoolProblem] = []
    /// How many problems there are.
    package var problemCount = 0
    /// The namespace directories, for the doorbell to watch.
    package var directories: [PathBytes] = []

    package static let problemsMax = 100

    /// Whether nothing is there but what was reported as a problem.
    package var isEmpty: Bool { ready.isEmpty && waitingCount == 0 && !hasMore }

    mutating func add(_ problem: SpoolProblem) {
        problemCount += 1
        if problems.count < Self.problemsMax { problems.append(problem) }
    }
}
