/// A stored upsert or update in protobuf taken apart: the join of the parts is the same record again.
struct RecordParts {
    /// One metadata field.
    struct Entry {
        /// The decoded key.
        var key: [UInt8]
        /// The field as it is stored: `Struct.fields` with tag and length.
        var whole: ArraySlice<UInt8>
    }

    var id: ArraySlice<UInt8> = []
    /// Packed floats; nil where there are none.
    var dense: ArraySlice<UInt8>?
    /// The `SparseValues` message; nil where there are none.
    var sparse: ArraySlice<UInt8>?
    /// Metadata fields by ascending key; nil where there is no metadata at all.
    var metadata: [Entry]?

    /// Takes a stored record apart; nil when it is not in the form that ``Encoding`` describes.
    init?(_ stored: ArraySlice<UInt8>, _ kind: OperationKind) {
        let complete: Bool
        switch kind {
        case .delete: complete = false
        case .upsert:
            var request = ProtobufFields(stored)
            guard let vector = request.next(), vector.number == 1, request.next() == nil, !request.isBroken else {
                return nil
            }
            complete = read(vector.content, sparse: 4)
        case .update: complete = read(stored, sparse: 5)
        }
        if !complete || id.isEmpty { return nil }
    }

    private mutating func read(_ message: ArraySlice<UInt8>, sparse sparseNumber: Int) -> Bool {
        var fields = ProtobufFields(message)
        while let field = fields.next() {
            switch field.number {
            case 1: id = field.content
            case 2: dense = field.content
            case 3:
                guard let entries = Self.entries(field.content) else { return false }
                metadata = entries
            case sparseNumber: sparse = field.content
            default: return false
            }
        }
        return !fields.isBroken
    }

    private static func entries(_ message: ArraySlice<UInt8>) -> [Entry]? {
        var fields = ProtobufFields(message)
        var entries: [Entry] = []
        while let field = fields.next() {
            var inner = ProtobufFields(field.content)
            var key: [UInt8] = []
            while let part = inner.next() {
                if part.number == 1 { key = Array(part.content) }
            }
            if inner.isBroken { return nil }
            entries.append(Entry(key: key, whole: field.whole))
        }
        return fields.isBroken ? nil : entries
    }

    // MARK: Joining

    /// Replaces the parts that an update gives; metadata merges field by field.
    mutating func apply(_ update: RecordParts) {
        if let dense = update.dense { self.dense = dense }
        if let sparse = update.sparse { self.sparse = sparse }
        guard let new = update.metadata else { return }
        // Sorting is stable, so of two equal keys the update's comes last and stays.
        let all = ((metadata ?? []) + new).enumerated().sorted {
            $0.element.key == $1.element.key
                ? $0.offset < $1.offset : $0.element.key.lexicographicallyPrecedes($1.element.key)
        }
        var merged: [Entry] = []
        for (_, entry) in all {
            if merged.last?.key == entry.key { merged.removeLast() }
            merged.append(entry)
        }
        metadata = merged
    }

    /// The stored form of the parts.
    func joined(_ kind: OperationKind) -> [UInt8] {
        var bytes: [UInt8] = []
        append(
            sparseTag: kind == .update ? VectorEncoder.updateTags.sparse : VectorEncoder.upsertTags.sparse, to: &bytes)
        if kind == .update { return bytes }
        var wrapped: [UInt8] = []
        wrapped.reserveCapacity(bytes.count + 6)
        Protobuf.appendField(0x0a, bytes, to: &wrapped)
        return wrapped
    }

    private func append(sparseTag: UInt8, to bytes: inout [UInt8]) {
        Protobuf.appendField(0x0a, id, to: &bytes)
        if let dense { Protobuf.appendField(0x12, dense, to: &bytes) }
        if let metadata {
            bytes.append(0x1a)
            Protobuf.appendVarint(metadata.reduce(0) { $0 + $1.whole.count }, to: &bytes)
            for entry in metadata { bytes.append(contentsOf: entry.whole) }
        }
        if let sparse { Protobuf.appendField(sparseTag, sparse, to: &bytes) }
    }
}
