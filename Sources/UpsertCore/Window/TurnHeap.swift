/// Chunks in the order of their turn: a binary heap of (turn, sequence, slot).
struct TurnHeap: Sendable {
    struct Entry: Sendable, Comparable {
        var turn: Int64
        var sequence: Int64
        var slot: UInt32

        static func < (left: Entry, right: Entry) -> Bool {
            (left.turn, left.sequence) < (right.turn, right.sequence)
        }
    }

    private var entries: [Entry] = []

    var first: Entry? { entries.first }

    var count: Int { entries.count }

    /// Removes all others.
    mutating func keep(where isKept: (Entry) -> Bool) {
        let kept = entries.filter(isKept).sorted()
        // What is sorted is a heap.
        entries = kept
    }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child] < entries[parent] else { break }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
        let last = entries.removeLast()
        guard !entries.isEmpty else { return }
        entries[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && entries[child] < entries[least]
            {
                least = child
            }
            if least == parent { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
