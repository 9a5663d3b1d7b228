/// Record ids in their stored form.
enum StoredID {
    /// Appends a delete operation: the id as ``Encoding`` says.
    static func appendDelete(_ id: [UInt8], _ encoding: Encoding, to bytes: inout [UInt8]) {
        switch encoding {
        case .protobuf, .packed: Protobuf.appendField(0x0a, id, to: &bytes)
        case .json, .ndjson:
            StringEscapes.appendString(id, to: &bytes)
            bytes.append(UInt8(ascii: ","))
        }
    }
}
