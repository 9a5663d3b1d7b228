/// Stored records from protobuf to JSON and back.
///
/// Floats are written as text that gives them back, so there and back is the same record, bit for bit.
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
        var bytes: [UInt8] = []
        return VectorText.append(stored, kind, to: &bytes) ? bytes : nil
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
}
