/// Stored records from one encoding to the other, for a target whose transport has changed since they were accepted.
///
/// Floats are written as the shortest text that gives them back, so there and back is the same record, bit for bit.
package enum Transcode {
    /// The JSON form of a stored protobuf record; nil when it is not in the form that ``Encoding`` describes.
    package static func json(protobuf stored: ArraySlice<UInt8>, _ kind: OperationKind) -> [UInt8]? {
        if kind == .delete {
            let id = RecordID.extract(from: stored, .delete, .protobuf)
            if id.isEmpty { return nil }
            var bytes: [UInt8] = []
            StoredID.appendDelete(id, .json, to: &bytes)
            return bytes
        }
        guard let parts = RecordParts(stored, kind, .protobuf) else { return nil }
        var bytes: [UInt8] = Array("{\"id\":".utf8)
        StringEscapes.appendString(parts.id, to: &bytes)
        if let dense = parts.dense {
            bytes.append(contentsOf: ",\"values\":".utf8)
            guard appendFloats(dense, to: &bytes) else { return nil }
        }
        if let sparse = parts.sparse {
            guard appendSparse(sparse, to: &bytes) else { return nil }
        }
        if let metadata = parts.metadata {
            bytes.append(contentsOf: kind == .update ? ",\"setMetadata\":{".utf8 : ",\"metadata\":{".utf8)
            for (position, entry) in metadata.enumerated() {
                if position > 0 { bytes.append(UInt8(ascii: ",")) }
                if !StructText.appendEntry(entry.whole, to: &bytes) { return nil }
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(contentsOf: kind == .upsert ? "},".utf8 : "}".utf8)
        return bytes
    }

    /// The protobuf form of a stored JSON record; nil when it is not in the form that ``Encoding`` describes.
    package static func protobuf(json stored: ArraySlice<UInt8>, _ kind: OperationKind) -> [UInt8]? {
        if kind == .delete {
            let id = RecordID.extract(from: stored, .delete, .json)
            if id.isEmpty { return nil }
            var bytes: [UInt8] = []
            StoredID.appendDelete(id, .protobuf, to: &bytes)
            return bytes
        }
        let record = kind == .upsert ? stored.dropLast() : stored
        // The record has an id of its own, so no digest is asked for.
        let rules = unsafe RecordRules(api: .vectors, encoding: .protobuf, dimension: nil) { _ in [] }
        var reader = RecordReader(rules)
        let padded = Array(record) + [UInt8](repeating: 0, count: RecordReader.paddingBytes)
        let result = unsafe padded.withUnsafeBytes { bytes in
            unsafe reader.read(
                UnsafeRawBufferPointer(rebasing: bytes.prefix(record.count)), columns: RecordColumns(operation: kind))
        }
        guard case .operation(let operation) = result, operation.kind == kind else { return nil }
        return reader.encoded
    }

    private static func appendFloats(_ packed: ArraySlice<UInt8>, to bytes: inout [UInt8]) -> Bool {
        guard packed.count % 4 == 0 else { return false }
        bytes.append(UInt8(ascii: "["))
        var place = packed.startIndex
        while place < packed.endIndex {
            if place > packed.startIndex { bytes.append(UInt8(ascii: ",")) }
            let bits = packed[place..<place + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            let value = Float(bitPattern: bits)
            guard value.isFinite else { return false }
            bytes.append(contentsOf: value.description.utf8)
            place += 4
        }
        bytes.append(UInt8(ascii: "]"))
        return true
    }

    private static func appendSparse(_ message: ArraySlice<UInt8>, to bytes: inout [UInt8]) -> Bool {
        var indices: ArraySlice<UInt8> = []
        var values: ArraySlice<UInt8> = []
        var fields = ProtobufFields(message)
        while let field = fields.next() {
            if field.number == 1 { indices = field.content }
            if field.number == 2 { values = field.content }
        }
        if fields.isBroken { return false }
        bytes.append(contentsOf: ",\"sparseValues\":{\"indices\":[".utf8)
        var isFirst = true
        while let index = Protobuf.popVarint(&indices) {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            DecimalText.append(index, to: &bytes)
        }
        bytes.append(contentsOf: "],\"values\":".utf8)
        guard indices.isEmpty, appendFloats(values, to: &bytes) else { return false }
        bytes.append(UInt8(ascii: "}"))
        return true
    }
}
