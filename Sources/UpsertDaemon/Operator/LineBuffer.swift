internal import Glibc
internal import UpsertCore

/// Reads lines of any descriptor, also of a pipe, in memory bounded by the longest line allowed.
struct LineBuffer {
    struct Failure: Error {
        /// The `errno`.
        var number: CInt
    }

    private let descriptor: CInt
    private let lineBytesMax: Int
    private var bytes: [UInt8]
    private var start = 0
    private var end = 0
    /// Up to here there is no line feed.
    private var searched = 0
    private static let blockBytes = 256 << 10

    init(descriptor: CInt, lineBytesMax: Int) {
        self.descriptor = descriptor
        self.lineBytesMax = lineBytesMax
        bytes = [UInt8](repeating: 0, count: Self.blockBytes + RecordReader.paddingBytes)
    }

    /// Calls `body` for each line with its number, counting from 1, and whether it ended with a line feed.
    ///
    /// The line is nil where it is longer than allowed. Behind it ``RecordReader/paddingBytes`` bytes are readable.
    mutating func forEach(_ body: (UnsafeRawBufferPointer?, Int, Bool) -> Void) throws(Failure) {
        var number = 0
        var isSkipping = false
        while true {
            if let feed = nextFeed() {
                number += 1
                unsafe lend(feed, isSkipping) { unsafe body($0, number, true) }
                isSkipping = false
                start = feed + 1
                searched = start
                continue
            }
            searched = end
            // One more than allowed: the last byte may be the carriage return of the line end.
            if end - start > lineBytesMax + 1 { isSkipping = true }
            if isSkipping { start = end }
            guard try fill() else { break }
        }
        guard isSkipping || start < end else { return }
        unsafe lend(end, isSkipping) { unsafe body($0, number + 1, false) }
    }

    private func nextFeed() -> Int? {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, searched < end else { return nil }
            return unsafe memchr(base + searched, 0x0A, end - searched).map { unsafe UnsafeRawPointer($0) - base }
        }
    }

    private func lend(_ feed: Int, _ isSkipping: Bool, _ body: (UnsafeRawBufferPointer?) -> Void) {
        var length = feed - start
        if length > 0, bytes[feed - 1] == UInt8(ascii: "\r") { length -= 1 }
        guard !isSkipping, length <= lineBytesMax else { return body(nil) }
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe body(UnsafeRawBufferPointer(rebasing: buffer[start..<start + length]))
        }
    }

    /// Reads more behind what there is; false at the end.
    private mutating func fill() throws(Failure) -> Bool {
        if start > 0 {
            bytes.replaceSubrange(0..<end - start, with: Array(bytes[start..<end]))
            end -= start
            searched -= start
            start = 0
        }
        let room = bytes.count - RecordReader.paddingBytes
        if end == room { bytes += [UInt8](repeating: 0, count: room) }
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe read(
                    descriptor, buffer.baseAddress.map { unsafe $0 + end },
                    buffer.count - RecordReader.paddingBytes - end)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(number: errno) }
            end += count
            return count > 0
        }
    }
}
