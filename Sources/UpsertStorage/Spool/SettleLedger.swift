/// What is known about whether dropped files are complete. Pure: the scan tells it what it sees and when.
///
/// | file | complete |
/// |---|---|
/// | closed after writing or renamed in, unchanged since | at once |
/// | known to be open for writing | when closed; without that, unchanged for 300 settle times |
/// | anything else | unchanged for the settle time and seen so by two scans that far apart; or unchanged for 30 settle times |
///
/// The second scan guards against a wall clock that was set forward; 30 settle times (a minute) is more than such a step
/// is likely to hide, and lets a backlog go without a second look. A writer that pauses keeps its file until it closes it,
/// since a file that is removed while it is being written loses what comes later.
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

    private enum Opening { case created, open }

    private let settleNanoseconds: Int64
    private var sightings: [UInt64: Sighting] = [:]
    private var completed: [PathBytes: FileIdentity] = [:]
    private var openings: [PathBytes: Opening] = [:]

    /// Entries of each kind that are kept; beyond it, files settle by time.
    private static let entriesMax = 50_000

    init(settle: Duration) {
        precondition(settle >= .zero, "settle must not be negative, is \(settle)")
        settleNanoseconds = settle.nanoseconds
    }

    /// A name appeared: by itself a link or a file about to be written.
    mutating func created(_ place: PathBytes) {
        completed[place] = nil
        if openings.count < Self.entriesMax { openings[place] = .created }
    }

    /// Somebody opened a file. Right after its creation that is its writer.
    mutating func opened(_ place: PathBytes) {
        if openings[place] == .created { openings[place] = .open }
    }

    /// A file was closed after writing or renamed in; `identity` is what it is now.
    mutating func completed(_ place: PathBytes, _ identity: FileIdentity) {
        openings[place] = nil
        if completed.count < Self.entriesMax { completed[place] = identity }
    }

    /// Some news was lost: everything settles by time again.
    mutating func forgetNews() {
        completed = [:]
        openings = [:]
    }

    /// Forgets a file that has left.
    mutating func left(_ candidate: SpoolCandidate) {
        completed[candidate.place] = nil
        openings[candidate.place] = nil
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
        if openings[candidate.place] == .open {
            let remaining = 300 * settleNanoseconds - max(age, unchanged)
            return remaining <= 0 ? .complete : .beingWritten(againAfterNanoseconds: remaining)
        }
        let long = 30 * settleNanoseconds
        if max(age, unchanged) >= long { return .complete }
        let remaining = min(max(settleNanoseconds - age, settleNanoseconds - unchanged), long - unchanged)
        return remaining <= 0 ? .complete : .settling(againAfterNanoseconds: remaining)
    }

    /// Takes note of the files that a scan saw and did not find complete.
    ///
    /// - Parameter sawAll: The scan saw every file, so news about any other can be forgotten.
    mutating func saw(_ waiting: [SpoolCandidate], of all: [SpoolCandidate], sawAll: Bool, now: SpoolMoment) {
        var kept: [UInt64: Sighting] = [:]
        for candidate in waiting {
            let known = sightings[candidate.identity.inode]
            kept[candidate.identity.inode] =
                known?.identity == candidate.identity
                ? known : Sighting(identity: candidate.identity, firstSeenNanoseconds: now.steadyNanoseconds)
        }
        sightings = kept
        guard sawAll, !completed.isEmpty || !openings.isEmpty else { return }
        let places = Set(all.map(\.place))
        completed = completed.filter { places.contains($0.key) }
        openings = openings.filter { places.contains($0.key) }
    }
}

extension Duration {
    /// Whole nanoseconds, capped at about 292 years.
    var nanoseconds: Int64 {
        let (whole, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 1_000 : whole + components.attoseconds / 1_000_000_000
    }
}
