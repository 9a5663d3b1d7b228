/// Which submission each record of a chunk came with: runs of records in order.
///
/// Small files share chunks, so a chunk has as many runs as files; most have one.
package struct SubmissionRuns: Sendable, Equatable {
    private struct Run: Sendable, Equatable {
        var submission: Int64
        /// Position of its first record.
        var start: Int
    }

    /// Submission of the first run; the others are kept apart, so that a chunk of one submission allocates nothing.
    private var first: Int64
    private var others: [Run] = []

    /// All records came with `submission`.
    package init(_ submission: Int64) { first = submission }

    /// Reads a stored form; nil when it makes no sense.
    ///
    /// - Parameter bytes: What ``stored`` has returned; empty for one run.
    package init?(_ submission: Int64, stored bytes: [UInt8]) {
        guard bytes.count % 16 == 0 else { return nil }
        first = submission
        for at in stride(from: 0, to: bytes.count, by: 16) {
            let run = Run(submission: Self.word(bytes[at..<at + 8]), start: Int(Self.word(bytes[at + 8..<at + 16])))
            guard run.start > others.last?.start ?? 0 else { return nil }
            others.append(run)
        }
    }

    /// The submissions of `positions` of other runs, in order; for a chunk that is stored again with fewer records.
    package init(_ old: SubmissionRuns, positions: [Int]) {
        first = old.first
        for (index, position) in positions.enumerated() { append(old[position], at: index) }
    }

    /// The submission of the first record; what ``stored`` leaves out.
    package var firstSubmission: Int64 { first }

    /// The runs after the first: submission and start, 8 bytes each, little-endian.
    package var stored: [UInt8] {
        var bytes: [UInt8] = []
        for run in others {
            for word in [UInt64(bitPattern: run.submission), UInt64(run.start)] {
                for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
            }
        }
        return bytes
    }

    /// Notes that the record at `position`, the next one, came with `submission`.
    package mutating func append(_ submission: Int64, at position: Int) {
        if position == 0 {
            first = submission
        } else if submission != others.last?.submission ?? first {
            others.append(Run(submission: submission, start: position))
        }
    }

    /// The submission of the record at `position`.
    package subscript(position: Int) -> Int64 {
        guard let second = others.first, position >= second.start else { return first }
        var low = 0
        var high = others.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if others[middle].start <= position { low = middle } else { high = middle }
        }
        return others[low].submission
    }

    private static func word(_ bytes: ArraySlice<UInt8>) -> Int64 {
        Int64(bitPattern: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
