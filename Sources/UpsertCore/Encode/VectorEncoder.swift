/// Puts the parts of a record that was just read into the protobuf form in which it is stored.
///
/// Metadata that is absent is nil; metadata that is there is written even when it is empty, as the vendor's SDK does.
enum VectorEncoder {
    /// The tags of the parts in a message, which differ between `Vector` and `UpdateRequest`.
    ///
    /// Source: Pinecone API 2026-07, `db_data_2026-07.proto`.
    struct Tags {
        var dense: UInt8
        var metadata: UInt8
        var sparse: UInt8
    }

    /// `Vector`: values 2 (packed), metadata 3, sparse_values 4.
    static let upsertTags = Tags(dense: 0x12, metadata: 0x1a, sparse: 0x22)
    /// `UpdateRequest`: values 2 (packed), set_metadata 3, sparse_values 5.
    static let updateTags = Tags(dense: 0x12, metadata: 0x1a, sparse: 0x2a)

    /// Appends `UpsertRequest.vectors`: tag 0x0a, length, `Vector`.
    static func appendUpsert(
        _ id: [UInt8], _ vector: VectorScratch, _ fields: FieldTable?, to bytes: inout [UInt8]
    ) {
        let count = Protobuf.fieldCount(id.count) + partsCount(vector, fields)
        bytes.reserveCapacity(bytes.count + Protobuf.fieldCount(count))
        bytes.append(0x0a)
        Protobuf.appendVarint(count, to: &bytes)
        Protobuf.appendField(0x0a, id, to: &bytes)
        appendParts(vector, fields, upsertTags, to: &bytes)
    }

    /// Appends an `UpdateRequest` without its namespace.
    static func appendUpdate(
        _ id: [UInt8], _ vector: VectorScratch, _ fields: FieldTable?, to bytes: inout [UInt8]
    ) {
        Protobuf.appendField(0x0a, id, to: &bytes)
        appendParts(vector, fields, updateTags, to: &bytes)
    }

    /// Appends everything but the id: the bytes from which an id is derived where a record has none.
    static func appendParts(
        _ vector: VectorScratch, _ fields: FieldTable?, _ tags: Tags, to bytes: inout [UInt8]
    ) {
        if vector.denseCount > 0 { appendPacked(tags.dense, vector.dense, vector.denseCount, to: &bytes) }
        if let fields {
            bytes.append(tags.metadata)
            Protobuf.appendVarint(fields.protobufCount, to: &bytes)
            fields.appendProtobuf(to: &bytes)
        }
        if vector.sparseCount > 0 {
            bytes.append(tags.sparse)
            Protobuf.appendVarint(sparseCount(vector), to: &bytes)
            bytes.append(0x0a)
            Protobuf.appendVarint(indicesCount(vector), to: &bytes)
            for index in vector.indices.prefix(vector.sparseCount) { Protobuf.appendVarint(Int(index), to: &bytes) }
            appendPacked(0x12, vector.sparse, vector.sparseCount, to: &bytes)
        }
    }

    /// Appends packed floats; both sides are little-endian on every machine that this runs on.
    private static func appendPacked(_ tag: UInt8, _ floats: [UInt32], _ count: Int, to bytes: inout [UInt8]) {
        bytes.append(tag)
        Protobuf.appendVarint(4 * count, to: &bytes)
        unsafe floats.withUnsafeBytes { unsafe bytes.append(contentsOf: $0.prefix(4 * count)) }
    }

    private static func partsCount(_ vector: VectorScratch, _ fields: FieldTable?) -> Int {
        var count = 0
        if vector.denseCount > 0 { count += Protobuf.fieldCount(4 * vector.denseCount) }
        if let fields { count += Protobuf.fieldCount(fields.protobufCount) }
        if vector.sparseCount > 0 { count += Protobuf.fieldCount(sparseCount(vector)) }
        return count
    }

    private static func sparseCount(_ vector: VectorScratch) -> Int {
        Protobuf.fieldCount(indicesCount(vector)) + Protobuf.fieldCount(4 * vector.sparseCount)
    }

    private static func indicesCount(_ vector: VectorScratch) -> Int {
        vector.indices.prefix(vector.sparseCount).reduce(0) { $0 + Protobuf.varintCount(Int($1)) }
    }
}
