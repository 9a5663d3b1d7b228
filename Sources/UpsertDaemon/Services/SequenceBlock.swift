internal import UpsertStorage

/// Hands out durable sequence numbers from blocks reserved in the queue, so that a claim needs no commit of its own.
final class SequenceBlock {
    private let queue: Queue
    private var left: Range<Int64> = 0..<0

    init(queue: Queue) { self.queue = queue }

    /// Makes sure that ``next()`` succeeds `count` times.
    func reserve(_ count: Int) async throws {
        guard left.count < count else { return }
        // What is left of the old block is skipped: numbers need to grow, not to be dense.
        left = try await queue.reserveSequences(max(count, AcceptLimits.sequenceBlock))
    }

    /// The next number.
    ///
    /// - Throws: ``QueueError`` when nothing is reserved.
    func next() throws -> Int64 {
        guard let number = left.first else { throw QueueError(.unusable, "no sequence number is reserved") }
        left = (number + 1)..<left.upperBound
        return number
    }
}
