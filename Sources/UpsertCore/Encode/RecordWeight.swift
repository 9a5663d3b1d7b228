extension RecordParts {
    /// What the record counts against ``RequestLimits/weightMax``: 4 a dimension, 8 a non-zero, metadata as compact JSON.
    ///
    /// - Parameter metadataJSON: Bytes of the metadata as compact JSON; see ``metadataJSONCount``.
    func weight(metadataJSON: Int) -> Int {
        switch encoding {
        case .protobuf: (dense?.count ?? 0) + 8 * protobufSparseCount + metadataJSON
        case .json, .ndjson:
            4 * (dense.map(Self.elementCount) ?? 0) + 8 * (sparse.map(Self.sparseCount) ?? 0) + metadataJSON
        }
    }

    /// Bytes of the metadata as compact JSON, 0 where there is none.
    ///
    /// From protobuf the producer's number text is gone; the shortest text that gives the number back counts instead.
    var metadataJSONCount: Int {
        guard let metadata else { return 0 }
        let commas = max(0, metadata.count - 1)
        switch encoding {
        case .json, .ndjson: return metadata.reduce(2 + commas) { $0 + $1.whole.count }
        case .protobuf:
            var text: [UInt8] = []
            for entry in metadata { _ = StructText.appendEntry(entry.whole, to: &text) }
            return 2 + commas + text.count
        }
    }

    /// Bytes of the metadata as a protobuf `Struct`, 0 where there is none.
    var metadataProtobufCount: Int {
        guard let metadata else { return 0 }
        switch encoding {
        case .protobuf: return metadata.reduce(0) { $0 + $1.whole.count }
        case .json, .ndjson:
            var object: [UInt8] = []
            for entry in metadata {
                object.append(object.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
                object.append(contentsOf: entry.whole)
            }
            object.append(contentsOf: object.isEmpty ? "{}".utf8 : "}".utf8)
            return FieldTable.protobufCount(ofObject: object)
        }
    }

    private var protobufSparseCount: Int {
        guard let sparse else { return 0 }
        var fields = ProtobufFields(sparse)
        var bytes = 0
        while let field = fields.next() {
            if field.number == 2 { bytes += field.content.count }
        }
        return bytes / 4
    }

    private static func sparseCount(_ object: ArraySlice<UInt8>) -> Int {
        var fields = JSONFields(object)
        while let field = fields.next() {
            if field.key.elementsEqual("values".utf8) { return elementCount(field.value) }
        }
        return 0
    }

    /// Elements of a JSON array of numbers that is not empty.
    private static func elementCount(_ array: ArraySlice<UInt8>) -> Int {
        array.reduce(1) { $1 == UInt8(ascii: ",") ? $0 + 1 : $0 }
    }
}

extension FieldTable {
    /// Bytes of a metadata object as a protobuf `Struct`; 0 when it is no such object.
    static func protobufCount(ofObject object: [UInt8]) -> Int {
        var table = FieldTable()
        let padded = object + [UInt8](repeating: 0, count: RecordReader.paddingBytes)
        return unsafe padded.withUnsafeBytes { bytes in
            guard var cursor = unsafe JSONCursor(UnsafeRawBufferPointer(rebasing: bytes.prefix(object.count))) else {
                return 0
            }
            // The object is the outermost one here, so it may end where the buffer does.
            do throws(Rejection) { try table.readFields(&cursor, under: "") } catch { return 0 }
            return table.protobufCount
        }
    }
}
