internal import UpsertCore

/// Chunks with records still to be taken, just accepted or read back in part, kept in memory as far as there is room.
///
/// A cache only: every chunk in it is durable, and what is not in it is read back.
struct ContentCache {
    let bytesMax: Int
    private(set) var bytes = 0
    private var kept: [Int64: ChunkContent] = [:]

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    subscript(sequence: Int64) -> ChunkContent? { kept[sequence] }

    /// Keeps a chunk if there is room; the oldest chunks are wanted first, so nothing is evicted for a newer one.
    mutating func insert(_ content: ChunkContent, _ sequence: Int64) {
        guard bytes + content.payload.count <= bytesMax, kept[sequence] == nil else { return }
        bytes += content.payload.count
        kept[sequence] = content
    }

    mutating func remove(_ sequence: Int64) {
        guard let content = kept.removeValue(forKey: sequence) else { return }
        bytes -= content.payload.count
    }
}
