/// The ids of stored records.
package enum RecordID {
    /// The raw bytes of a stored record's id; empty when the record is not in the form that ``Encoding`` describes.
    package static func extract(
        from stored: ArraySlice<UInt8>, _ kind: OperationKind, _ encoding: Encoding
    ) -> [UInt8] {
        switch (kind, encoding) {
        case (.upsert, .protobuf), (.upsert, .packed):
            var request = ProtobufFields(stored)
            return request.next().map { firstField($0.content) } ?? []
        case (_, .protobuf), (_, .packed): return firstField(stored)
        case (.delete, .json), (.delete, .ndjson):
            guard stored.count >= 3, stored.first == UInt8(ascii: "\"") else { return [] }
            return StringEscapes.decoded(stored.dropFirst().dropLast(2))
        case (_, .json), (_, .ndjson):
            // The id comes first in everything that we store.
            var fields = JSONFields(stored)
            guard let first = fields.next(), first.key.elementsEqual((encoding == .json ? "id" : "_id").utf8) else {
                return []
            }
            return StringEscapes.decoded(first.value.dropFirst().dropLast())
        }
    }

    /// The id as text, for logs and lists.
    package static func text(of stored: ArraySlice<UInt8>, _ kind: OperationKind, _ encoding: Encoding) -> String {
        String(decoding: extract(from: stored, kind, encoding), as: UTF8.self)
    }

    private static func firstField(_ message: ArraySlice<UInt8>) -> [UInt8] {
        var fields = ProtobufFields(message)
        guard let first = fields.next(), first.number == 1 else { return [] }
        return Array(first.content)
    }
}
