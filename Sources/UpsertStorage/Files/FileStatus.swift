internal import Glibc

/// What `stat` says of a file.
package struct FileStatus: Sendable, Equatable {
    package enum Kind: Sendable, Equatable { case regular, directory, symbolicLink, pipe, socket, device }

    package var kind: Kind
    /// Bytes.
    package var size: Int
    package var device: UInt64
    package var inode: UInt64
    /// Names the file has; more than 1 means hard links.
    package var links: Int
    package var owner: UInt32
    /// Last change of the content, nanoseconds since 1970 by the wall clock.
    package var modifiedNanoseconds: Int64
    /// Last change of content, name, mode or links, nanoseconds since 1970 by the wall clock.
    package var changedNanoseconds: Int64

    init(_ raw: stat) {
        kind =
            switch raw.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFIFO: .pipe
            case S_IFSOCK: .socket
            default: .device
            }
        size = Int(raw.st_size)
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        links = Int(raw.st_nlink)
        owner = raw.st_uid
        modifiedNanoseconds = Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec)
        changedNanoseconds = Int64(raw.st_ctim.tv_sec) * 1_000_000_000 + Int64(raw.st_ctim.tv_nsec)
    }
}
