/// Keeps the first `limit` candidates in claim order out of any number, in memory for `limit` of them.
///
/// A binary heap with the latest kept candidate on top, which is the one to drop.
struct OldestCandidates {
    private var heap: [SpoolCandidate] = []
    private let limit: Int
    /// Whether anything was left out.
    private(set) var isPartial = false

    init(limit: Int) { self.limit = limit }

    /// The kept candidates in claim order.
    var inOrder: [SpoolCandidate] { heap.sorted(by: SpoolCandidate.precedes) }

    /// Whether a file with this ctime is too late to be kept; spares building its candidate.
    mutating func leavesOut(changedNanoseconds: Int64) -> Bool {
        guard heap.count == limit, heap[0].identity.changedNanoseconds < changedNanoseconds else { return false }
        isPartial = true
        return true
    }

    mutating func insert(_ candidate: SpoolCandidate) {
        if heap.count < limit {
            heap.append(candidate)
            siftUp()
        } else {
            isPartial = true
            guard SpoolCandidate.precedes(candidate, heap[0]) else { return }
            heap[0] = candidate
            siftDown()
        }
    }

    private mutating func siftUp() {
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard SpoolCandidate.precedes(heap[parent], heap[child]) else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var latest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if SpoolCandidate.precedes(heap[latest], heap[child]) { latest = child }
            }
            if latest == parent { return }
            heap.swapAt(parent, latest)
            parent = latest
        }
    }
}
