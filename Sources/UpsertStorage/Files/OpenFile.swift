internal import Glibc

/// An open regular file. Every call blocks and throws ``FileError``.
package final class OpenFile {
    private let descriptor: OwnedDescriptor
    /// The path it was opened by, for messages.
    package let path: PathBytes
    private let faults: FileFaults

    init(_ descriptor: consuming OwnedDescriptor, path: PathBytes, faults: FileFaults) {
        self.descriptor = descriptor
        self.path = path
        self.faults = faults
    }

    /// What the file is now.
    package func status() throws -> FileStatus {
        try faults.check(.stat, path)
        var raw = stat()
        _ = try systemCall(.stat, path) { unsafe fstat(descriptor.raw, &raw) }
        return FileStatus(raw)
    }

    /// Tells the kernel that the file will be read from front to back, so that it reads ahead further.
    package func adviseSequential() {
        // Only a hint: nothing depends on it, so its result does not matter.
        _ = posix_fadvise(descriptor.raw, 0, 0, CInt(POSIX_FADV_SEQUENTIAL))
    }

    /// Reads up to `buffer.count` bytes at `offset`.
    ///
    /// - Returns: Bytes read; 0 at the end of the file.
    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        try faults.check(.read, path)
        return try systemCall(.read, path) {
            unsafe pread(descriptor.raw, buffer.baseAddress, buffer.count, off_t(offset))
        }
    }

    /// Reads until `buffer` is full or the file ends.
    ///
    /// - Returns: Bytes read.
    package func readFully(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        var done = 0
        while done < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = try unsafe read(into: rest, at: offset + Int(done))
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Writes all of `bytes` at `offset`.
    package func write(_ bytes: [UInt8], at offset: Int) throws {
        try faults.check(.write, path)
        var done = 0
        while done < bytes.count {
            done += try unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[done...])
                return try systemCall(.write, path) {
                    unsafe pwrite(descriptor.raw, rest.baseAddress, rest.count, off_t(offset) + off_t(done))
                }
            }
        }
    }

    /// Cuts the file to `length` bytes.
    package func truncate(to length: Int) throws {
        try faults.check(.truncate, path)
        _ = try systemCall(.truncate, path) { ftruncate(descriptor.raw, off_t(length)) }
    }

    /// Makes the content durable. A failure is final: the kernel may have forgotten what it could not write.
    package func sync() throws {
        try faults.check(.syncFile, path)
        _ = try systemCall(.syncFile, path) { fdatasync(descriptor.raw) }
    }
}
