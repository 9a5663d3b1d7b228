internal import CSQLite
internal import Synchronization

/// Memory for the largest values that SQLite handles, kept for the next one.
///
/// For every blob that is stored or read SQLite makes a copy that it needs for a moment, 2 MB for the payload of a full
/// chunk. The C library maps such a block anew each time, and its pages are faulted in one by one: that cost 10 % of all CPU,
/// more than the copy itself. Everything smaller, and everything larger, is left to the C library.
package enum LargeBlocks {
    /// Bytes of every block that is kept: a payload of 2,080,000 and its row.
    private static let blockBytes: Int32 = 2_128_000
    /// Requests above this size get a whole block; from here on the C library maps blocks one by one.
    private static let smallBytesMax: Int32 = 192 << 10
    /// Blocks kept: one that writes, one that reads.
    private static let countMax = 2

    /// SQLite's own way to get memory.
    private nonisolated(unsafe) static let usual: sqlite3_mem_methods? = {  // safe: functions, never changed
        var methods = unsafe sqlite3_mem_methods()
        return unsafe upsertd_get_memory_methods(&methods) == SQLITE_OK ? methods : nil
    }()

    /// Addresses of the blocks that are kept.
    private static let kept = Mutex<[UInt]>([])

    /// Sets SQLite up once, before the first connection; where it is in use already it stays as it is.
    static let areInstalled: Bool = {
        guard unsafe usual != nil else { return false }
        var methods = unsafe usual ?? sqlite3_mem_methods()
        unsafe methods.xMalloc = { unsafe LargeBlocks.allocate($0) }
        unsafe methods.xFree = { unsafe LargeBlocks.free($0) }
        unsafe methods.xRealloc = { unsafe LargeBlocks.resize($0, $1) }
        return unsafe upsertd_set_memory_methods(&methods) == SQLITE_OK
    }()

    /// Gives what is kept back to the C library; for a process that has nothing to do.
    package static func drain() {
        let blocks = kept.withLock { kept in
            defer { kept = [] }
            return kept
        }
        for block in blocks { unsafe usual?.xFree(UnsafeMutableRawPointer(bitPattern: block)) }
    }

    private static func isLarge(_ bytes: Int32) -> Bool { bytes > smallBytesMax && bytes <= blockBytes }

    /// Whether it is one of ours: the C library rounds sizes up by less than a page.
    private static func isBlock(_ block: UnsafeMutableRawPointer) -> Bool {
        guard let size = unsafe usual?.xSize(block) else { return false }
        return size >= blockBytes && size < blockBytes + 8_192
    }

    private static func allocate(_ bytes: Int32) -> UnsafeMutableRawPointer? {
        guard isLarge(bytes) else { return unsafe usual?.xMalloc(bytes) }
        let block = kept.withLock { $0.popLast() }
        return unsafe block.flatMap { unsafe UnsafeMutableRawPointer(bitPattern: $0) } ?? usual?.xMalloc(blockBytes)
    }

    private static func free(_ block: UnsafeMutableRawPointer?) {
        guard let block = unsafe block else { return }
        let address = UInt(bitPattern: block)
        let isKept =
            unsafe isBlock(block)
            && kept.withLock { kept in
                guard kept.count < countMax else { return false }
                kept.append(address)
                return true
            }
        if !isKept { unsafe usual?.xFree(block) }
    }

    private static func resize(_ block: UnsafeMutableRawPointer?, _ bytes: Int32) -> UnsafeMutableRawPointer? {
        guard let block = unsafe block else { return unsafe allocate(bytes) }
        let isBlock = unsafe Self.isBlock(block)
        if isBlock, isLarge(bytes) { return unsafe block }
        guard isBlock || isLarge(bytes), let size = unsafe usual?.xSize(block) else {
            return unsafe usual?.xRealloc(block, bytes)
        }
        guard let larger = unsafe allocate(bytes) else { return nil }
        unsafe larger.copyMemory(from: block, byteCount: Int(min(size, bytes)))
        unsafe free(block)
        return unsafe larger
    }
}
