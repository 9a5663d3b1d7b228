internal import Glibc

private typealias RenameFunction =
    @convention(c) (CInt, UnsafePointer<CChar>, CInt, UnsafePointer<CChar>, CUnsignedInt) -> CInt

/// `renameat2`, which the C library has (glibc 2.28) and Swift's Glibc module does not import.
private let renameat2: RenameFunction? = {
    guard let symbol = unsafe dlsym(nil, "renameat2") else { return nil }
    return unsafe unsafeBitCast(symbol, to: RenameFunction.self)
}()

/// Renames and fails with `EEXIST` where the new name is taken; returns -1 and sets `errno` as a system call does.
///
/// Some network file systems cannot do this in one step (`EINVAL`). There the name is looked up first, which is safe in
/// directories that only this process writes to.
func renameWithoutReplacing(
    _ oldDirectory: CInt, _ old: UnsafePointer<CChar>, _ newDirectory: CInt, _ new: UnsafePointer<CChar>
) -> CInt {
    let noReplace: CUnsignedInt = 1  // RENAME_NOREPLACE, linux/fs.h
    if let renameat2 = unsafe renameat2 {
        let result = unsafe renameat2(oldDirectory, old, newDirectory, new, noReplace)
        if result == 0 || (errno != EINVAL && errno != ENOSYS) { return result }
    }
    var status = stat()
    if unsafe fstatat(newDirectory, new, &status, AT_SYMLINK_NOFOLLOW) == 0 {
        errno = EEXIST
        return -1
    }
    guard errno == ENOENT else { return -1 }
    return unsafe renameat(oldDirectory, old, newDirectory, new)
}
