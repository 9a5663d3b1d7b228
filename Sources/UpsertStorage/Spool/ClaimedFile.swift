/// A file in `claimed/`: its place there is the durable claim, whether or not the queue knows of it yet.
package struct ClaimedFile: Sendable, Hashable {
    /// Its number, unique over all spools and time.
    package var sequence: Int64 { stored.sequence }
    /// The name it was dropped under, cut where it was longer than ``ClaimName`` can keep.
    package var name: PathBytes { stored.name }
    /// The namespace of the directory it was dropped in: nil for the spool itself, empty for `__default__`.
    package var namespace: String? { stored.namespace }
    /// Its name in `claimed/`, taken apart.
    package var stored: ClaimName
    package var format: SpoolFormat
    /// What the file was when it was claimed or found.
    package var identity: FileIdentity
    /// Bytes when it was claimed or found; it may have grown since.
    package var size: Int { identity.size }

    init(stored: ClaimName, format: SpoolFormat, identity: FileIdentity) {
        self.stored = stored
        self.format = format
        self.identity = identity
    }

    /// The name below `incoming/` that messages and errors files show, such as `articles/today.ndjson`.
    package var displayName: PathBytes {
        namespace.map { NamespaceName.encoded($0).appending(name) } ?? name
    }
}
