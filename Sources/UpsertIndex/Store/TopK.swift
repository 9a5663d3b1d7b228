/// Keeps the best `capacity` of many scored rows in memory proportional to `capacity`.
struct TopK {
    struct Entry: Equatable {
        /// Higher is better.
        var rank: Float
        var row: Int64
    }

    private let capacity: Int
    /// A binary heap with the worst entry at the root.
    private var heap: [Entry] = []

    init(capacity: Int) { self.capacity = capacity }

    /// Whether a row of this rank would be kept.
    func accepts(_ rank: Float, row: Int64) -> Bool {
        guard heap.count == capacity, let worst = heap.first else { return capacity > 0 }
        return Self.isWorse(worst, Entry(rank: rank, row: row))
    }

    mutating func insert(_ rank: Float, row: Int64) {
        guard accepts(rank, row: row) else { return }
        if heap.count < capacity {
            heap.append(Entry(rank: rank, row: row))
            siftUp(heap.count - 1)
        } else {
            heap[0] = Entry(rank: rank, row: row)
            siftDown(0)
        }
    }

    /// The entries kept, best first.
    var best: [Entry] { heap.sorted { Self.isWorse($1, $0) } }

    /// Of equal ranks the older row is better, so that results are the same every time.
    private static func isWorse(_ left: Entry, _ right: Entry) -> Bool {
        left.rank == right.rank ? left.row > right.row : left.rank < right.rank
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, Self.isWorse(heap[index], heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var worst = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && Self.isWorse(heap[child], heap[worst]) { worst = child }
            if worst == index { return }
            heap.swapAt(index, worst)
            index = worst
        }
    }
}
