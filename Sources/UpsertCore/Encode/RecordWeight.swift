extension RecordParts {
    /// What the record counts against ``RequestLimits/weightMax``: 4 a dimension, 8 a non-zero, metadata as compact JSON.
    ///
    /// - Parameter metadataJSON: Bytes of the metadata as compact JSON; see ``metadataJSONCount``.
    func weight(metadataJSON: Int) -> Int { (dense?.count ?? 0) + 8 * sparseCount + metadataJSON }

    /// Bytes of the metadata as compact JSON, 0 where there is none.
    ///
    /// The producer's number text is gone; the shortest text that gives the number back counts instead.
    var metadataJSONCount: Int {
        guard let metadata else { return 0 }
        var text: [UInt8] = []
        for entry in metadata { _ = StructText.appendEntry(entry.whole, to: &text) }
        return 2 + max(0, metadata.count - 1) + text.count
    }

    /// Bytes of the metadata as a protobuf `Struct`, 0 where there is none.
    var metadataProtobufCount: Int { (metadata ?? []).reduce(0) { $0 + $1.whole.count } }

    private var sparseCount: Int {
        guard let sparse else { return 0 }
        var fields = ProtobufFields(sparse)
        var bytes = 0
        while let field = fields.next() {
            if field.number == 2 { bytes += field.content.count }
        }
        return bytes / 4
    }
}
