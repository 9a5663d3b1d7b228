internal import Glibc

/// A file or directory in the spool that upsertd leaves alone, why, and what mends it.
package struct SpoolProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// Raw values appear in status and logs.
    package enum Kind: String, Sendable, CaseIterable {
        case symbolicLink = "symbolic_link"
        case notAFile = "not_a_file"
        case hardLinked = "hard_linked"
        case tooLarge = "too_large"
        case wrongExtension = "wrong_extension"
        case nestedTooDeep = "nested_too_deep"
        case namespaceInvalid = "namespace_invalid"
        case namespaceTooLong = "namespace_too_long"
        /// The file cannot be read.
        case unreadable
        /// The file cannot be taken out of its directory.
        case unremovable
        /// The directory cannot be listed.
        case unlistable
        /// The directory lies on another file system or mount.
        case otherFileSystem = "other_file_system"
        /// `incoming/` was removed or replaced while it was in use.
        case moved
        /// Something in `claimed/` that upsertd did not put there.
        case foreignClaim = "foreign_claim"
    }

    package var kind: Kind
    /// The whole path, as bytes; printed escaped.
    package var path: PathBytes
    /// One sentence.
    package var reason: String
    /// The shell command that mends it.
    package var command: String

    /// One line, safe to print.
    package var description: String { "\(path): \(reason); mend it with: \(command)" }

    init(_ kind: Kind, _ path: PathBytes, _ reason: String, command: String) {
        self.kind = kind
        self.path = path
        self.reason = reason
        self.command = command
    }

    /// A problem with a file that cannot be used as it is; `problem` fills in reason and command.
    static func file(_ kind: Kind, _ path: PathBytes, _ detail: String = "") -> SpoolProblem {
        let word = path.shellWord
        switch kind {
        case .symbolicLink:
            return SpoolProblem(
                kind, path, "is a symbolic link, which is never followed",
                command: "cp -L -- \(word) \(word).tmp && mv -- \(word).tmp \(word)")
        case .notAFile:
            return SpoolProblem(kind, path, "is \(detail), not a regular file", command: "rm -- \(word)")
        case .hardLinked:
            return SpoolProblem(
                kind, path, "has other names (\(detail) hard links), so its content could change after it was accepted",
                command: "cp -- \(word) \(word).tmp && mv -- \(word).tmp \(word)")
        case .tooLarge:
            return SpoolProblem(
                kind, path, "is too large: \(detail)",
                command: "split -C 1G --additional-suffix=.ndjson -- \(word) \(word). && rm -- \(word)")
        case .wrongExtension:
            return SpoolProblem(
                kind, path, "has none of the extensions \(SpoolFormat.extensions.joined(separator: " "))",
                command: "mv -- \(word) \(word).ndjson")
        case .nestedTooDeep:
            return SpoolProblem(
                kind, path, "is a directory inside a namespace directory; only one level is read",
                command: "mv -- \(word)/* \(word)/.. && rmdir -- \(word)")
        case .unreadable:
            return SpoolProblem(
                kind, path, "cannot be read: \(detail)", command: "setfacl -m u:\(geteuid()):r -- \(word)")
        case .foreignClaim:
            return SpoolProblem(
                kind, path, "is not a claim of upsertd\(detail)",
                command: "mv -- \(word) \(path.parent.parent.shellWord)")
        case .namespaceInvalid, .namespaceTooLong, .unremovable, .unlistable, .otherFileSystem, .moved:
            return directory(kind, path, detail)
        }
    }

    /// A problem with a directory of the spool.
    static func directory(_ kind: Kind, _ path: PathBytes, _ detail: String = "") -> SpoolProblem {
        let word = path.shellWord
        switch kind {
        case .namespaceInvalid:
            return SpoolProblem(
                kind, path, "is no percent-encoded namespace (1 to 512 ASCII characters)",
                command: "mv -- \(word) NAMESPACE   # encode each odd byte as %XX, a percent sign as %25")
        case .namespaceTooLong:
            return SpoolProblem(
                kind, path, "is too long for a namespace directory (\(ClaimName.namespaceBytesMax) bytes when encoded)",
                command: "mv -- \(word)/* \(word)/..   # and name the namespace in the records")
        case .unremovable:
            return SpoolProblem(
                kind, path, "does not let files be taken out: \(detail)",
                command: "setfacl -m u:\(geteuid()):rwx -- \(word) && chmod -t -- \(word)")
        case .otherFileSystem:
            return SpoolProblem(
                kind, path, "lies on another file system or mount than the spool", command: "umount \(word)")
        case .moved:
            return SpoolProblem(
                kind, path, "was removed or replaced while in use", command: "systemctl restart upsertd")
        default:
            return SpoolProblem(
                kind, path, "cannot be listed: \(detail)", command: "setfacl -m u:\(geteuid()):rwx -- \(word)")
        }
    }
}
