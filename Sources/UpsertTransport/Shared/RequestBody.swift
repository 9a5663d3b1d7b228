internal import NIOCore

/// The bytes of a request, given out in pieces as they can be sent.
///
/// The records are copied nowhere before that, so a request that waits costs no memory besides them, and a piece is still in
/// the core's cache when the socket takes it.
struct RequestBody: Sendable {
    /// Bytes of one piece.
    static let pieceBytes = 128 << 10

    private var parts: [ArraySlice<UInt8>]
    /// The first part with bytes left.
    private var current = 0
    /// Bytes in all that are left.
    private(set) var count: Int

    /// - Parameter parts: What the body consists of, in order; may hold empty ones.
    init(_ parts: [ArraySlice<UInt8>]) {
        self.parts = parts
        count = parts.reduce(0) { $0 + $1.count }
    }

    var isEmpty: Bool { count == 0 }

    /// Takes the next bytes off, at most `bytes`; empty at the end.
    mutating func next(atMost bytes: Int = pieceBytes, allocator: ByteBufferAllocator) -> ByteBuffer {
        var piece = allocator.buffer(capacity: min(bytes, count))
        var room = min(bytes, count)
        count -= room
        while room > 0 {
            let taken = parts[current].prefix(room)
            piece.writeBytes(taken)
            room -= taken.count
            parts[current] = parts[current].dropFirst(taken.count)
            guard parts[current].isEmpty else { continue }
            // An empty slice would hold on to the memory that it is of, where nobody else does.
            parts[current] = []
            current += 1
        }
        return piece
    }

    /// All bytes that are left, in one buffer.
    func whole(allocator: ByteBufferAllocator) -> ByteBuffer {
        var copy = self
        return copy.next(atMost: copy.count, allocator: allocator)
    }
}
