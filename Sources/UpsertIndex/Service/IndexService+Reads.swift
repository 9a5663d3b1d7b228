extension IndexService {
    func fetch(_ call: FetchCall) async throws -> Answer {
        let namespace = try checked(call.namespace)
        guard !call.ids.isEmpty else { throw ServiceError.invalid("Invalid request") }
        guard call.ids.count <= IndexLimits.idsPerFetch else {
            throw ServiceError.invalid("Cannot fetch more than \(IndexLimits.idsPerFetch) IDs in one request")
        }
        for id in call.ids { try RecordRules.checkID(id) }
        let records = try await store.fetch(call.ids, namespace: namespace)
        return Answer(reply: .fetched(records, namespace: call.namespace))
    }

    func fetchByMetadata(_ call: FetchByMetadataCall) async throws -> Answer {
        let namespace = try checked(call.namespace)
        guard let filter = call.filter, filter != .object([]) else {
            throw ServiceError.invalid("Empty filter provided for fetch by metadata request")
        }
        let limit = try bounded(
            call.limit ?? IndexLimits.fetchByMetadataDefault, 1...IndexLimits.fetchByMetadataMax, "limit")
        let page = try await store.fetch(
            matching: try Filter(filter), namespace: namespace, after: try PageToken.decode(call.token), limit: limit)
        let next = page.next.map(PageToken.encode)
        return Answer(reply: .fetchedByMetadata(page.records, next: next, namespace: call.namespace))
    }

    func list(_ call: ListCall) async throws -> Answer {
        let namespace = try checked(call.namespace)
        let limit = try bounded(call.limit ?? IndexLimits.listLimit, 1...IndexLimits.listLimit, "limit")
        guard call.prefix.utf8.count <= IndexLimits.prefixBytes else {
            throw ServiceError.invalid("Prefix exceeds the limit of \(IndexLimits.prefixBytes) characters")
        }
        let page = try await store.list(
            prefix: call.prefix, namespace: namespace, after: try PageToken.decode(call.token), limit: limit)
        return Answer(reply: .listed(page.ids, next: page.next.map(PageToken.encode), namespace: call.namespace))
    }

    func query(_ call: QueryCall) async throws -> Answer {
        let namespace = try checked(call.namespace)
        _ = try bounded(call.topK, 1...IndexLimits.topKMax, "topK")
        if rules.dimension == 0 { try checkSparseQuery(call) } else { try checkDenseQuery(call) }
        let filter = try call.filter.flatMap { $0 == .object([]) ? nil : try Filter($0) }
        let matches = try await store.search(call, filter: filter, namespace: namespace)
        let lsn = await store.lastLSN(namespace)
        return Answer(reply: .matches(matches, namespace: call.namespace), lsn: lsn > 0 ? .maxIndexed(lsn) : nil)
    }

    private func checkDenseQuery(_ call: QueryCall) throws {
        guard call.id.isEmpty else {
            guard call.dense.isEmpty, call.sparse == nil else {
                throw ServiceError.invalid("Cannot provide both 'ID' and 'vector' at the same time")
            }
            return try RecordRules.checkID(call.id)
        }
        guard !call.dense.isEmpty else {
            throw ServiceError.invalid(
                call.sparse == nil
                    ? "Either 'vector' or 'ID' must be provided"
                    : "Cannot query index with dense 'vector_type' with only sparse vector")
        }
        try rules.checkDense(call.dense, of: "Query vector")
        if let sparse = call.sparse { try rules.checkSparse(sparse) }
    }

    private func checkSparseQuery(_ call: QueryCall) throws {
        guard call.dense.isEmpty else {
            throw ServiceError.invalid("Index configuration does not support dense values")
        }
        guard call.id.isEmpty else {
            guard call.sparse == nil else {
                throw ServiceError.invalid("Cannot provide both 'ID' and 'sparse_vector' at the same time")
            }
            return try RecordRules.checkID(call.id)
        }
        guard let sparse = call.sparse else {
            throw ServiceError.invalid("Either 'sparse_vector' or 'ID' must be provided")
        }
        try rules.checkSparse(sparse)
    }

    func stats(hasFilter: Bool) async throws -> Answer {
        guard !hasFilter else {
            throw ServiceError.invalid(
                "Serverless and Starter indexes do not support describing index stats with metadata filtering")
        }
        let namespaces = await store.allNamespaces()
        return Answer(
            reply: .stats(IndexStats(namespaces: namespaces, dimension: rules.dimension, metric: rules.metric)))
    }
}
