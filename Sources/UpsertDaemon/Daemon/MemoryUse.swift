internal import CMalloc
internal import UpsertCore
internal import UpsertSQLite

/// How this process uses the C library's heap.
///
/// Record bytes live in blocks of up to 2 MB, made on one thread and freed on another. With the library's defaults each
/// thread has a heap of its own that keeps what it ever needed, and blocks of this size go back to the kernel each time, to be
/// faulted in again page by page: a fifth of all CPU, and 25 MB.
enum MemoryUse {
    /// Sets the heap up; call it before there are other threads.
    static func configure() {
        // One heap: a lock is taken a few hundred times a second, and what one thread frees the next one uses.
        _ = mallopt(M_ARENA_MAX, 1)
        // What is larger than a piece of a request is mapped by itself, so that it leaves no hole: the parts of the key index,
        // which grow by turns, and payloads, which are pooled on top of that.
        _ = mallopt(M_MMAP_THRESHOLD, 192 << 10)
        _ = mallopt(M_TRIM_THRESHOLD, 8 << 20)
    }

    /// Gives what is free back to the kernel; for a daemon that has nothing to do.
    static func giveBack() {
        PayloadPool.shared.drain()
        LargeBlocks.drain()
        _ = malloc_trim(0)
    }
}
