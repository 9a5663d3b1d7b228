/// Reads the NDJSON of `/records/namespaces/{namespace}/upsert`.
///
/// Every field but the id becomes metadata; the vector comes from ``HashedEmbedding``.
enum TextRecordDecoder {
    static func decode(_ body: [UInt8], namespace: String) throws -> UpsertCall {
        try RecordRules.checkPayload(bytes: body.count)
        var call = UpsertCall(namespace: namespace)
        for line in body.split(separator: UInt8(ascii: "\n")) {
            guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) else { continue }
            call.records.append(try record(try JSONReader.parse(line)))
        }
        return call
    }

    private static func record(_ value: JSONValue) throws -> VectorRecord {
        guard case .object(let members) = value else { throw ServiceError.invalid("Record must be an object") }
        let names = members.filter { $0.name == "_id" || $0.name == "id" }
        guard let name = names.first else { throw ServiceError.invalid("Record must have an '_id'") }
        guard names.count == 1 else { throw ServiceError.invalid("Record must not have both '_id' and 'id'") }
        guard case .string(let id) = name.value else { throw ServiceError.invalid("Record '_id' must be a string") }
        let fields = members.filter { $0.name != name.name }
        return VectorRecord(id: id, metadata: try MetadataRules.encode(.object(fields)))
    }
}
