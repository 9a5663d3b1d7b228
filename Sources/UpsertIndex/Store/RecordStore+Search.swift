internal import UpsertSQLite

extension RecordStore {
    /// The nearest records to a query, best first, by comparing every record of the namespace.
    func search(_ call: QueryCall, filter: Filter?, namespace: String) throws -> [Match] {
        guard let row = namespaces[namespace] else { return [] }
        var call = call
        if !call.id.isEmpty {
            guard let record = try record(call.id, namespace: row.key) else { return [] }
            call.dense = record.dense
            call.sparse = record.sparse
        }
        let scorer = Scorer(metric: metric, dense: call.dense, sparse: call.sparse)
        var best = TopK(capacity: call.topK)
        let query = try connection.statement("SELECT key, dense, sparse, metadata FROM record WHERE namespace = ?")
        defer { query.reset() }
        try query.bind(1, row.key)
        while try query.step() {
            let score = unsafe query.withBytes(1) { dense in
                unsafe query.withBytes(2) { sparse in unsafe scorer.score(dense: dense, sparse: sparse) }
            }
            let key = query.integer(0)
            guard let score, best.accepts(scorer.rank(score), row: key) else { continue }
            if let filter, try !filter.matches(text: query.bytes(3)[...]) { continue }
            best.insert(scorer.rank(score), row: key)
        }
        query.reset()
        return try best.best.compactMap { entry in
            guard let record = try record(key: entry.row) else { return nil }
            return Match(record: Self.trim(record, call), score: metric == .euclidean ? -entry.rank : entry.rank)
        }
    }

    private static func trim(_ record: VectorRecord, _ call: QueryCall) -> VectorRecord {
        var record = record
        if !call.includeValues {
            record.dense = []
            record.sparse = nil
        }
        if !call.includeMetadata { record.metadata = [] }
        return record
    }
}
