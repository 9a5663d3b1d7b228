internal import Glibc

/// A file name or a path as the kernel has it: bytes without NUL, not necessarily text.
package struct PathBytes: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The name itself, without a terminating NUL.
    package let bytes: [UInt8]

    package init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    package init(_ text: String) { bytes = Array(text.utf8) }

    package init(stringLiteral text: String) { self.init(text) }

    /// This directory's path with `name` under it.
    package func appending(_ name: PathBytes) -> PathBytes {
        if bytes.isEmpty { return name }
        return PathBytes(
            bytes.last == UInt8(ascii: "/") ? bytes + name.bytes : bytes + [UInt8(ascii: "/")] + name.bytes)
    }

    /// The path without its last component; `.` where there is none.
    package var parent: PathBytes {
        let trimmed = bytes[..<(bytes.lastIndex { $0 != UInt8(ascii: "/") }.map { $0 + 1 } ?? 0)]
        guard let slash = trimmed.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return PathBytes(bytes[..<max(slash, 1)])
    }

    /// The path's last component.
    package var lastComponent: PathBytes {
        PathBytes(bytes.split(separator: UInt8(ascii: "/")).last ?? [])
    }

    /// Whether the name ends with `suffix`, byte for byte.
    package func hasSuffix(_ suffix: String) -> Bool { bytes.reversed().starts(with: suffix.utf8.reversed()) }

    /// The name safe to print on one line of a terminal or journal.
    package var description: String { printable(bytes) }

    /// The name as text for JSON; bytes that are not UTF-8 become U+FFFD.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The name as one word of a POSIX shell command.
    package var shellWord: String { Self.shellWord(bytes) }

    /// The name cut to at most `limit` bytes, at a character boundary, keeping its extension.
    ///
    /// - Precondition: `limit` is at least 16.
    package func shortened(to limit: Int) -> PathBytes {
        precondition(limit >= 16, "limit must be at least 16, is \(limit)")
        guard bytes.count > limit else { return self }
        let dot = bytes.lastIndex(of: UInt8(ascii: ".")) ?? bytes.count
        let suffix = bytes.count - dot <= 12 ? bytes[dot...] : []
        var end = limit - suffix.count
        // A continuation byte right after the cut means that the cut splits a character.
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        if end == 0 { end = limit - suffix.count }
        return PathBytes(bytes[..<end] + suffix)
    }

    /// Lends the name as a C string.
    func withCString<Value>(_ body: (UnsafePointer<CChar>) throws -> Value) rethrows -> Value {
        var terminated = [CChar]()
        terminated.reserveCapacity(bytes.count + 1)
        for byte in bytes { terminated.append(CChar(bitPattern: byte)) }
        terminated.append(0)
        return try unsafe terminated.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("a C string has at least its terminator") }
            return try unsafe body(start)
        }
    }
}
