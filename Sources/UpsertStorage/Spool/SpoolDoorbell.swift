internal import Glibc

/// Tells that something may have happened in `incoming/`, by inotify. Only a hint: a scan is the truth.
///
/// Poll ``descriptor`` for reading, then ``readEvents()``, then ``Spool/note(_:)``, scan, and ``watch(_:)`` the directories
/// that the scan lists. Scan on a timer too. Nothing here throws: where events cannot be had, ``fallback`` says why, and the
/// timer alone finds files, by settling.
package final class SpoolDoorbell {
    private let owned: OwnedDescriptor
    private let incoming: PathBytes
    private let faults: FileFaults
    /// Watch numbers to the name of the namespace directory; nil for `incoming/` itself.
    private var placesByWatch: [CInt: PathBytes?] = [:]
    private var watched: Set<PathBytes> = []

    /// What to poll for reading; nil where inotify cannot be used.
    package var descriptor: CInt? { owned.raw < 0 ? nil : owned.raw }

    /// Why scans on a timer matter more than usual, for status and one log line; nil where every change rings.
    package private(set) var fallback: String?

    private static let mask =
        UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_CREATE) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
        | UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW) | UInt32(IN_EXCL_UNLINK)

    /// Reads of the queue in one ``readEvents()``, so that a flood cannot keep the caller from scanning.
    private static let readsMax = 16

    /// Watches `incoming/`. Make it before the first scan, so that nothing falls between.
    package init(_ spool: Spool) {
        incoming = spool.incoming.path
        faults = spool.incoming.faults
        owned = OwnedDescriptor(inotify_init1(CInt(IN_CLOEXEC) | CInt(IN_NONBLOCK)))
        guard owned.raw >= 0 else {
            fallback = "\(FileError(.watch, incoming, errno)); raise fs.inotify.max_user_instances"
            return
        }
        addWatch(nil)
        if let type = MountTable.fileSystemType(device: spool.device), MountTable.isShared(type) {
            fallback = "\(incoming): \(type) does not report changes made by other machines"
        }
    }

    /// Watches the namespace directories that are not watched yet.
    ///
    /// - Returns: Whether any was added: then scan again, since files may have arrived there before the watch.
    package func watch(_ directories: [PathBytes]) -> Bool {
        guard descriptor != nil else { return false }
        var addedSome = false
        for name in directories where !watched.contains(name) && addWatch(name) { addedSome = true }
        return addedSome
    }

    @discardableResult
    private func addWatch(_ directory: PathBytes?) -> Bool {
        let path = directory.map(incoming.appending) ?? incoming
        do {
            try faults.check(.watch, path)
            let watch = try systemCall(.watch, path) {
                unsafe path.withCString { unsafe inotify_add_watch(owned.raw, $0, Self.mask) }
            }
            placesByWatch.updateValue(directory, forKey: watch)
            if let directory { watched.insert(directory) }
            return true
        } catch let error as FileError where error.isAbsent && directory != nil {
            return false
        } catch {
            let hint = (error as? FileError)?.code == ENOSPC ? "; raise fs.inotify.max_user_watches" : ""
            fallback = "\(error)\(hint)"
            return false
        }
    }

    /// Takes in what has happened since the last call, without waiting.
    package func readEvents() -> DoorbellEvents {
        var events = DoorbellEvents()
        guard descriptor != nil else { return events }
        unsafe withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 8) { buffer in
            for _ in 0..<Self.readsMax {
                let count = unsafe read(owned.raw, buffer.baseAddress, buffer.count)
                if count < 0, errno == EINTR { continue }
                if count < 0, errno != EAGAIN {
                    fallback = "\(FileError(.watch, incoming, errno))"
                    events.lostSome = true
                }
                if count <= 0 { return }
                unsafe takeIn(UnsafeRawBufferPointer(rebasing: buffer[..<count]), &events)
            }
        }
        return events
    }

    /// Takes apart `struct inotify_event`: wd, mask, cookie, len (4 bytes each), then a name padded with NUL.
    private func takeIn(_ bytes: UnsafeRawBufferPointer, _ events: inout DoorbellEvents) {
        var at = 0
        while at + 16 <= bytes.count {
            let watch = unsafe bytes.load(fromByteOffset: at, as: CInt.self)
            let mask = unsafe bytes.load(fromByteOffset: at + 4, as: UInt32.self)
            let length = Int(unsafe bytes.load(fromByteOffset: at + 12, as: UInt32.self))
            guard at + 16 + length <= bytes.count else { return }
            let name = unsafe PathBytes(bytes[(at + 16)..<(at + 16 + length)].prefix { $0 != 0 })
            takeIn(watch, mask, name, &events)
            at += 16 + length
        }
    }

    private func takeIn(_ watch: CInt, _ mask: UInt32, _ name: PathBytes, _ events: inout DoorbellEvents) {
        if mask & UInt32(IN_Q_OVERFLOW) != 0 {
            events.lostSome = true
            return
        }
        guard let directory = placesByWatch[watch] else { return }
        if mask & (UInt32(IN_IGNORED) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)) != 0 {
            return placeGone(watch, directory, mask, &events)
        }
        if mask & UInt32(IN_ISDIR) != 0 {
            if directory == nil, mask & (UInt32(IN_CREATE) | UInt32(IN_MOVED_TO)) != 0 {
                events.directoriesChanged = true
            }
            return
        }
        if SpoolFormat.ignores(name) { return }
        let change: DoorbellEvents.Change = mask & UInt32(IN_CREATE) != 0 ? .created : .completed
        events.files.append(.init(place: directory.map { $0.appending(name) } ?? name, change: change))
    }

    /// A watched directory was removed or renamed: its watch would go on under a name that is no longer its own.
    private func placeGone(_ watch: CInt, _ directory: PathBytes?, _ mask: UInt32, _ events: inout DoorbellEvents) {
        placesByWatch[watch] = nil
        if mask & UInt32(IN_MOVE_SELF) != 0 { _ = inotify_rm_watch(owned.raw, watch) }
        events.directoriesChanged = true
        if let directory {
            watched.remove(directory)
        } else {
            fallback = "\(incoming): was removed or renamed"
        }
    }
}
