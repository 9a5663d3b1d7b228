internal import Glibc

/// Reads the lines of claimed files, one file after another, from any position, in bounded memory.
///
/// Memory is one block, and for a long line up to the cap and a block. At the end of the file its size is looked at again:
/// as long as it grows, reading goes on. All calls block and throw ``FileError``, or ``ClaimChanged`` where the file is not
/// what was claimed.
package final class ClaimReader {
    /// Readable bytes behind every line.
    package static let padding = PaddedBuffer.padding
    /// Bytes of a line above the cap that are kept for its refusal.
    package static let excerptBytes = 1 << 20

    private let lineBytesMax: Int
    private let blockBytes: Int
    private let step: () -> Void
    private let buffer: PaddedBuffer
    private var file: OpenFile?
    /// The first byte that was not handed out, and the end of what was read.
    private var start = 0
    private var end = 0
    /// Up to here there is no line feed.
    private var searched = 0
    /// Offset in the file of the byte at ``end``.
    private var readOffset: Int = 0

    /// After the last line handed out: what to commit once that line is accounted for.
    package private(set) var position = ClaimPosition.start

    /// - Parameters:
    ///   - lineBytesMax: The cap of a line without its line end.
    ///   - blockBytes: Bytes read at once: few enough to stay in a core's cache until they are parsed.
    ///   - step: Called before each read, since a call may take long: there may be no line end for gigabytes.
    package init(lineBytesMax: Int = 32 << 20, blockBytes: Int = 256 << 10, step: @escaping () -> Void = {}) {
        precondition(lineBytesMax >= 1 && blockBytes >= 4, "a line has at least 1 byte and a block 4")
        self.lineBytesMax = lineBytesMax
        self.blockBytes = blockBytes
        self.step = step
        buffer = PaddedBuffer(capacity: blockBytes)
    }

    /// Starts on `claim` at `position`, leaving the file before.
    package func open(_ claim: ClaimedFile, in spool: Spool, at position: ClaimPosition = .start) throws {
        close()
        file = try spool.openClaim(claim)
        file?.adviseSequential()
        self.position = position
        readOffset = position.offset
        if position.offset == 0 { try skipByteOrderMark() }
    }

    /// Leaves the file; ``next()`` then yields nothing.
    package func close() {
        file = nil
        start = 0
        end = 0
        searched = 0
        if buffer.capacity > blockBytes { buffer.resize(to: blockBytes, keeping: 0) }
    }

    /// The next line, or nil at the end of the file. After nil or an unterminated line, calling again looks for growth.
    package func next() throws -> ClaimLine? {
        guard let file else { return nil }
        while true {
            if let feed = lineFeed() { return terminated(at: feed) }
            searched = end
            // One more than the cap: the last byte may be the carriage return of the line end.
            if end - start > lineBytesMax + 1 { return try skipLongLine(file) }
            if try !fill(file) { return start == end ? nil : unterminated() }
        }
    }

    /// What the file is now, such as when it was last written to.
    package func status() throws -> FileStatus? { try file?.status() }

    private func lineFeed() -> Int? {
        guard searched < end else { return nil }
        guard let found = unsafe memchr(buffer.base + searched, 0x0A, end - searched) else { return nil }
        return unsafe found - UnsafeMutableRawPointer(buffer.base)
    }

    private func terminated(at feed: Int) -> ClaimLine {
        let begin = start
        var length = feed - begin
        if length > 0, unsafe buffer.base.load(fromByteOffset: feed - 1, as: UInt8.self) == 0x0D { length -= 1 }
        start = feed + 1
        searched = start
        let offset = position.offset
        position = ClaimPosition(offset: readOffset - Int(end - start), line: position.line + 1)
        let isTooLong = length > lineBytesMax
        let kept = isTooLong ? min(length, Self.excerptBytes) : length
        return unsafe ClaimLine(
            buffer.bytes(begin..<begin + kept), number: position.line, offset: offset,
            ending: isTooLong ? .tooLong(Int(length)) : .newline)
    }

    private func unterminated() -> ClaimLine {
        let begin = start
        let length = end - begin
        start = end
        searched = end
        let offset = position.offset
        position = ClaimPosition(offset: readOffset, line: position.line + 1)
        let isTooLong = length > lineBytesMax
        let kept = isTooLong ? min(length, Self.excerptBytes) : length
        return unsafe ClaimLine(
            buffer.bytes(begin..<begin + kept), number: position.line, offset: offset,
            ending: isTooLong ? .tooLong(Int(length)) : .endOfFile)
    }

    /// Reads more behind what there is, making room first.
    ///
    /// - Returns: False at the end of the file.
    private func fill(_ file: OpenFile) throws -> Bool {
        if start > 0 {
            buffer.moveToFront(from: start, count: end - start)
            end -= start
            searched -= start
            start = 0
        }
        if end == buffer.capacity {
            buffer.resize(to: min(2 * buffer.capacity, lineBytesMax + 1 + blockBytes), keeping: end)
        }
        let count = try unsafe readOn(file, into: buffer.room(from: end))
        end += count
        buffer.terminate(at: end)
        return count > 0
    }

    /// Reads at ``readOffset``; 0 only where the file really ends there.
    private func readOn(_ file: OpenFile, into room: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            step()
            let count = try unsafe file.read(into: room, at: readOffset)
            readOffset += Int(count)
            if count > 0 { return count }
            let size = try file.status().size
            if size < readOffset { throw ClaimChanged.shrank(file.path, from: readOffset, to: size) }
            if size == readOffset { return 0 }
        }
    }

    /// Reads to the end of a line above the cap, keeping only its first ``excerptBytes``.
    private func skipLongLine(_ file: OpenFile) throws -> ClaimLine {
        buffer.moveToFront(from: start, count: end - start)
        var length = Int(end - start)
        let kept = min(end - start, Self.excerptBytes)
        var last = unsafe buffer.base.load(fromByteOffset: end - start - 1, as: UInt8.self)
        if buffer.capacity < kept + blockBytes { buffer.resize(to: kept + blockBytes, keeping: kept) }
        start = kept
        end = kept
        searched = kept
        while true {
            let count = try unsafe readOn(file, into: buffer.room(from: kept, limit: blockBytes))
            if count == 0 { break }
            start = kept
            end = kept + count
            searched = kept
            if let feed = lineFeed() {
                if feed > kept { last = unsafe buffer.base.load(fromByteOffset: feed - 1, as: UInt8.self) }
                length += Int(feed - kept) - (last == 0x0D ? 1 : 0)
                start = feed + 1
                searched = start
                break
            }
            last = unsafe buffer.base.load(fromByteOffset: end - 1, as: UInt8.self)
            length += Int(count)
            start = end
        }
        let offset = position.offset
        position = ClaimPosition(offset: readOffset - Int(end - start), line: position.line + 1)
        return unsafe ClaimLine(
            buffer.bytes(0..<min(kept, length)), number: position.line, offset: offset, ending: .tooLong(length))
    }

    private func skipByteOrderMark() throws {
        guard let file else { return }
        while end < 3, try fill(file) {}
        guard end >= 3, unsafe buffer.bytes(0..<3).elementsEqual([0xEF, 0xBB, 0xBF]) else { return }
        start = 3
        searched = 3
        position.offset = 3
    }
}
