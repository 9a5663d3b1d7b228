/// Files that could not be claimed and are left out of the next scans, so that they do not crowd out the others.
///
/// A file comes back when anything about it changes (a `chmod` changes its ctime) or after ``retryNanoseconds``, since a
/// mended directory changes nothing about the files in it.
struct SetAsideFiles {
    private var files: [FileIdentity: (problem: SpoolProblem, untilNanoseconds: Int64)] = [:]

    private static let retryNanoseconds: Int64 = 60_000_000_000
    private static let filesMax = 10_000

    /// Leaves `candidate` out for a while. Beyond 10,000 files nothing more is remembered.
    mutating func add(_ candidate: SpoolCandidate, _ problem: SpoolProblem, now: SpoolMoment) {
        guard files.count < Self.filesMax else { return }
        files[candidate.identity] = (problem, now.steadyNanoseconds + Self.retryNanoseconds)
    }

    /// Why the file is left out for now, or nil where it may be tried.
    func problem(with identity: FileIdentity, now: SpoolMoment) -> SpoolProblem? {
        guard !files.isEmpty, let file = files[identity], now.steadyNanoseconds < file.untilNanoseconds else {
            return nil
        }
        return file.problem
    }

    /// Forgets what is due for another try.
    mutating func expire(now: SpoolMoment) {
        if !files.isEmpty { files = files.filter { now.steadyNanoseconds < $0.value.untilNanoseconds } }
    }
}
