/// The coalescing law's merge: an update on top of a write that still waits.
package enum RecordMerge {
    /// Merges a newer update into a waiting upsert or update of the same id and encoding.
    ///
    /// Dense or sparse values that the update gives replace that part; metadata merges per top-level field. Numbers are
    /// copied, not converted.
    ///
    /// - Parameters:
    ///   - waiting: What waits: an upsert or an update.
    ///   - stored: Its stored bytes.
    ///   - update: The update's stored bytes.
    /// - Returns: Stored bytes of the same kind as what waits, and their weight.
    /// - Throws: `metadata_too_large` when only the merged record breaks that limit, the only one that it can break;
    ///   `unsupported_operation` for text records and deletes; `malformed` when either is not in its stored form. The
    ///   waiting write stands in every case.
    package static func merge(
        _ waiting: OperationKind, _ stored: ArraySlice<UInt8>, update: ArraySlice<UInt8>, encoding: Encoding
    ) throws(Rejection) -> (bytes: [UInt8], weight: Int) {
        let id = RecordID.text(of: update, .update, encoding)
        if waiting == .delete || !encoding.isProtobuf {
            throw Rejection(.unsupportedOperation, "an update cannot be merged into this write", id: id)
        }
        guard var parts = RecordParts(stored, waiting), let change = RecordParts(update, .update)
        else {
            throw Rejection(.malformed, "the stored record is not in its encoding's form", id: id)
        }
        parts.apply(change)
        let json = parts.metadataJSONCount
        if json > RecordLimits.metadataBytesMax {
            let protobuf = parts.metadataProtobufCount
            if var refusal = MetadataSize.refusal(json: json, protobuf: protobuf, at: "/set_metadata") {
                refusal.reason += ", merged with the write that waits"
                refusal.id = id
                throw refusal
            }
        }
        let bytes = parts.joined(waiting)
        return (bytes, encoding == .packed ? VectorText.count(bytes[...], waiting) : parts.weight(metadataJSON: json))
    }
}
