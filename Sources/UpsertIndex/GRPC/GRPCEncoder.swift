/// Encodes the response messages of `VectorService`.
enum GRPCEncoder {
    static func message(_ reply: Reply, defaultName: String) -> [UInt8] {
        var writer = ProtobufWriter()
        switch reply {
        case .upserted(let count): writer.varint(1, UInt64(count))
        case .updated(let matched): if let matched { writer.varint(1, UInt64(matched)) }
        case .textAccepted, .deleted: break
        case .fetched(let records, let namespace):
            vectors(records, to: &writer)
            writer.string(2, namespace)
            usage(3, to: &writer)
        case .fetchedByMetadata(let records, let next, let namespace):
            vectors(records, to: &writer)
            writer.string(2, namespace)
            usage(3, to: &writer)
            pagination(4, next, to: &writer)
        case .listed(let ids, let next, let namespace):
            for id in ids { writer.message(1) { $0.string(1, id) } }
            pagination(2, next, to: &writer)
            writer.string(3, namespace)
            usage(4, to: &writer)
        case .matches(let found, let namespace):
            for match in found { writer.message(2) { scored(match, to: &$0) } }
            writer.string(3, namespace)
            usage(4, to: &writer)
        case .stats(let found): stats(found, defaultName: defaultName, to: &writer)
        case .namespaces(let page, let next, let total):
            for summary in page { writer.message(1) { describe(summary, to: &$0) } }
            pagination(2, next, to: &writer)
            writer.varint(3, UInt64(total))
        case .namespace(let summary): describe(summary, to: &writer)
        }
        return writer.bytes
    }

    private static func vectors(_ records: [VectorRecord], to writer: inout ProtobufWriter) {
        for record in records {
            writer.message(1) { entry in
                entry.string(1, record.id)
                entry.message(2) { vector in
                    vector.string(1, record.id)
                    if !record.dense.isEmpty { vector.delimited(2, record.dense) }
                    metadata(3, record, to: &vector)
                    sparse(4, record, to: &vector)
                }
            }
        }
    }

    private static func scored(_ match: Match, to writer: inout ProtobufWriter) {
        writer.string(1, match.record.id)
        writer.float(2, match.score)
        if !match.record.dense.isEmpty { writer.delimited(3, match.record.dense) }
        metadata(4, match.record, to: &writer)
        sparse(5, match.record, to: &writer)
    }

    private static func metadata(_ field: Int, _ record: VectorRecord, to writer: inout ProtobufWriter) {
        // Stored metadata was written by this program; a text that does not parse would be left out.
        guard !record.metadata.isEmpty, case .object(let members)? = try? JSONReader.parse(record.metadata) else {
            return
        }
        writer.message(field) { StructMessage.write(members, to: &$0) }
    }

    private static func sparse(_ field: Int, _ record: VectorRecord, to writer: inout ProtobufWriter) {
        guard let sparse = record.sparse else { return }
        var indices = ProtobufWriter()
        for index in sparse.indices { indices.raw(UInt64(index)) }
        writer.message(field) {
            $0.delimited(1, indices.bytes)
            $0.delimited(2, FloatBytes.bytes(sparse.values))
        }
    }

    private static func stats(_ stats: IndexStats, defaultName: String, to writer: inout ProtobufWriter) {
        for namespace in stats.namespaces {
            writer.message(1) { entry in
                entry.string(1, namespace.name.isEmpty ? defaultName : namespace.name)
                entry.message(2) { $0.varint(1, UInt64(namespace.records)) }
            }
        }
        if stats.dimension > 0 { writer.varint(2, UInt64(stats.dimension)) }
        writer.varint(4, UInt64(stats.total))
        writer.string(5, stats.metric.rawValue)
        writer.string(6, stats.dimension > 0 ? "dense" : "sparse")
    }

    private static func describe(_ summary: NamespaceSummary, to writer: inout ProtobufWriter) {
        writer.string(1, summary.shownName)
        writer.varint(2, UInt64(summary.records))
        guard !summary.fields.isEmpty else { return }
        writer.message(3) { schema in
            for field in summary.fields {
                schema.message(1) { entry in
                    entry.string(1, field)
                    entry.message(2) { $0.bool(1, true) }
                }
            }
        }
        writer.message(4) { for field in summary.fields { $0.string(1, field) } }
    }

    private static func usage(_ field: Int, to writer: inout ProtobufWriter) {
        writer.message(field) { $0.varint(1, 1) }
    }

    private static func pagination(_ field: Int, _ next: String?, to writer: inout ProtobufWriter) {
        guard let next else { return }
        writer.message(field) { $0.string(1, next) }
    }
}
