/// What is known about whether dropped files are complete. Pure: the scan tells it what it sees and when.
///
/// | file | complete |
/// |---|---|
/// | closed after writing or renamed in, unchanged since | at once |
/// | seen being created, not closed yet | when closed; without that, unchanged for 30 settle times |
/// | anything else | unchanged for the settle time and seen so by two scans that far apart; or unchanged for 30 settle times |
///
/// The second scan guards against a wall clock that was set forward; 30 settle times (a minute) is more than such a step
/// is likely to hide, and lets a backlog go without a second look. A slow writer, such as a copy over a network, keeps its
/// file while it pauses: a file that is removed while it is being written loses what comes later.
struct SettleLedger {
    /// What to do with one file now.
    enum Verdict: Equatable {
        case complete
        /// Still being written; a later file may go first.
        case beingWritten(againAfterNanoseconds: Int64)
        /// Perhaps complete; later files wait for it, to keep the order.
        case settling(againAfterNanoseconds: Int64)
    }

    private struct Sighting {
        var identity: FileIdentity
        var firstSeenNanoseconds: Int64
    }

    private let settleNanoseconds: Int64
    private var sightings: [UInt64: Sighting] = [:]
    private var completed: [PathBytes: FileIdentity] = [:]
    private var unclosed: Set<PathBytes> = []

    /// Entries of each kind that are kept; beyond it, files settle by time.
    private static let entriesMax = 50_000

    init(settle: Duration) {
        precondition(settle >= .zero, "settle must not be negative, is \(settle)")
        settleNanoseconds = settle.nanoseconds
    }

    /// A name appeared; `status` is what it is now.
    ///
    /// A file that is being written has the same mtime and ctime. One that was linked here was written earlier, and nobody
    /// will close it.
    mutating func created(_ place: PathBytes, _ status: FileStatus) {
        completed[place] = nil
        let isLinked = status.size > 0 && status.modifiedNanoseconds < status.changedNanoseconds
        if !isLinked, unclosed.count < Self.entriesMax { unclosed.insert(place) }
    }

    /// A file was closed after writing or renamed in; `identity` is what it is now.
    mutating func completed(_ place: PathBytes, _ identity: FileIdentity) {
        unclosed.remove(place)
        if completed.count < Self.entriesMax { completed[place] = identity }
    }

    /// Some news was lost: everything settles by time again.
    mutating func forgetNews() {
        completed = [:]
        unclosed = []
    }

    /// Forgets a file that has left.
    mutating func left(_ candidate: SpoolCandidate) {
        completed[candidate.place] = nil
        unclosed.remove(candidate.place)
        sightings[candidate.identity.inode] = nil
    }

    /// Whether `candidate` is complete.
    func verdict(_ candidate: SpoolCandidate, now: SpoolMoment) -> Verdict {
        if completed[candidate.place] == candidate.identity { return .complete }
        let age = now.wallNanoseconds - candidate.identity.changedNanoseconds
        var unchanged: Int64 = 0
        if let sighting = sightings[candidate.identity.inode], sighting.identity == candidate.identity {
            unchanged = now.steadyNanoseconds - sighting.firstSeenNanoseconds
        }
        let long = 30 * settleNanoseconds
        if max(age, unchanged) >= long { return .complete }
        if unclosed.contains(candidate.place) {
            return .beingWritten(againAfterNanoseconds: long - max(age, unchanged))
        }
        let remaining = min(max(settleNanoseconds - age, settleNanoseconds - unchanged), long - unchanged)
        return remaining <= 0 ? .complete : .settling(againAfterNanoseconds: remaining)
    }

    /// Takes note of the files that a scan saw, ready ones too: they may be claimed later.
    ///
    /// - Parameter sawAll: The scan saw every file, so news about any other can be forgotten.
    mutating func saw(_ candidates: [SpoolCandidate], sawAll: Bool, now: SpoolMoment) {
        var kept: [UInt64: Sighting] = [:]
        kept.reserveCapacity(candidates.count)
        for candidate in candidates {
            let known = sightings[candidate.identity.inode]
            kept[candidate.identity.inode] =
                known?.identity == candidate.identity
                ? known : Sighting(identity: candidate.identity, firstSeenNanoseconds: now.steadyNanoseconds)
        }
        sightings = kept
        guard sawAll, !completed.isEmpty || !unclosed.isEmpty else { return }
        let places = Set(candidates.map(\.place))
        completed = completed.filter { places.contains($0.key) }
        unclosed.formIntersection(places)
    }
}

extension Duration {
    /// Whole nanoseconds, capped at about 292 years.
    var nanoseconds: Int64 {
        let (whole, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 1_000 : whole + components.attoseconds / 1_000_000_000
    }
}
