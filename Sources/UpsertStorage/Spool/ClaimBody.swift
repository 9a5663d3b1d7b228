/// Reads a claimed file that is one JSON document: block by block from the front, and slices of it by offset.
///
/// Memory is one block and the largest slice asked for. All calls block and throw ``FileError``, or ``ClaimChanged``.
package final class ClaimBody {
    private let file: OpenFile
    private let block: PaddedBuffer
    private let part: PaddedBuffer
    private let step: () -> Void
    private var offset: Int = 0
    /// Bytes of the file when it was opened.
    package let size: Int

    /// Opens `claim` at its front.
    ///
    /// - Parameter step: Called before each block and slice, since reading all of them may take long.
    package init(
        _ claim: ClaimedFile, in spool: Spool, blockBytes: Int = 256 << 10, step: @escaping () -> Void = {}
    ) throws {
        precondition(blockBytes >= 1, "a block has at least 1 byte")
        self.step = step
        file = try spool.openClaim(claim)
        file.adviseSequential()
        size = try file.status().size
        block = PaddedBuffer(capacity: blockBytes)
        part = PaddedBuffer(capacity: 64 << 10)
    }

    /// The next block, valid until the next call, with ``ClaimReader/padding`` readable bytes behind it; empty at the end.
    package func nextBlock() throws -> UnsafeRawBufferPointer {
        step()
        let count = try unsafe file.readFully(into: block.room(from: 0), at: offset)
        offset += Int(count)
        block.terminate(at: count)
        if count == 0, offset < size { throw ClaimChanged.shrank(file.path, from: size, to: offset) }
        return unsafe block.bytes(0..<count)
    }

    /// Starts again at the front.
    package func rewind() { offset = 0 }

    /// Whether the file is still what it was when it was opened; otherwise read it anew, since what was learned is stale.
    package func isUnchanged(since identity: FileIdentity) throws -> Bool {
        FileIdentity(try file.status()) == identity
    }

    /// What the file is now.
    package func identity() throws -> FileIdentity { FileIdentity(try file.status()) }

    /// The bytes of `range` in the file, valid until the next slice, with ``ClaimReader/padding`` readable bytes behind.
    ///
    /// - Parameter range: Offsets in the file; the caller bounds its length, as memory grows to it.
    package func slice(_ range: Range<Int>) throws -> UnsafeRawBufferPointer {
        let count = Int(range.upperBound - range.lowerBound)
        if part.capacity < count { part.resize(to: max(count, 2 * part.capacity), keeping: 0) }
        step()
        let got = try unsafe file.readFully(into: part.room(from: 0, limit: count), at: range.lowerBound)
        guard got == count else {
            throw ClaimChanged.shrank(file.path, from: range.upperBound, to: range.lowerBound + Int(got))
        }
        part.terminate(at: count)
        return unsafe part.bytes(0..<count)
    }
}
