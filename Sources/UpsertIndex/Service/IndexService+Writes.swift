extension IndexService {
    func upsert(_ call: UpsertCall, _ request: Int) async throws -> Answer {
        let namespace = try checked(call.namespace)
        guard !call.records.isEmpty else { throw ServiceError.invalid("Invalid request") }
        guard call.records.count <= IndexLimits.vectorsPerUpsert else {
            throw ServiceError.invalid("Invalid input: Batch size exceeds \(IndexLimits.vectorsPerUpsert)")
        }
        try RecordRules.checkPayload(bytes: call.records.reduce(0) { $0 + $1.payloadBytes })
        for record in call.records { try rules.check(record) }
        let lsn = try await store.upsert(call.records, namespace: namespace, request: request)
        return Answer(reply: .upserted(call.records.count), lsn: .request(lsn))
    }

    func upsertText(_ call: UpsertCall, _ request: Int) async throws -> Answer {
        let namespace = try checked(call.namespace)
        guard !call.records.isEmpty else { throw ServiceError.invalid("Invalid request") }
        guard call.records.count <= IndexLimits.textRecordsPerUpsert else {
            throw ServiceError.invalid("Invalid input: Batch size exceeds \(IndexLimits.textRecordsPerUpsert)")
        }
        for record in call.records {
            try RecordRules.checkID(record.id)
            try MetadataRules.checkSize(record.metadata.count)
        }
        let embedding = HashedEmbedding(dimension: rules.dimension)
        let records = try call.records.map { try embedding.embed($0) }
        let lsn = try await store.upsert(records, namespace: namespace, request: request)
        return Answer(reply: .textAccepted, lsn: .request(lsn))
    }

    func update(_ call: UpdateCall, _ request: Int) async throws -> Answer {
        let namespace = try checked(call.namespace)
        if let filter = call.filter { return try await update(call, matching: filter, namespace, request) }
        guard !call.id.isEmpty else { throw ServiceError.invalid("Either 'id' or 'filter' must be provided") }
        try RecordRules.checkID(call.id)
        if !call.dense.isEmpty { try rules.checkDense(call.dense) }
        if let sparse = call.sparse { try rules.checkSparse(sparse) }
        try MetadataRules.checkSize(call.setMetadata.count)
        let lsn = try await store.update(call, namespace: namespace, request: request)
        return Answer(reply: .updated(matched: nil), lsn: lsn.map { .request($0) })
    }

    private func update(
        _ call: UpdateCall, matching filter: JSONValue, _ namespace: String, _ request: Int
    ) async throws -> Answer {
        guard call.id.isEmpty else { throw ServiceError.invalid("Cannot provide both 'id' and 'filter'") }
        guard filter != .object([]) else {
            throw ServiceError.invalid("Update with empty metadata filter is not allowed")
        }
        guard call.dense.isEmpty, call.sparse == nil else {
            throw ServiceError.invalid("Update by metadata request does not support updating vector values.")
        }
        let (matched, lsn) = try await store.update(
            matching: try Filter(filter), set: call.setMetadata, dryRun: call.dryRun || call.setMetadata.isEmpty,
            namespace: namespace, request: request)
        return Answer(reply: .updated(matched: matched), lsn: lsn.map { .request($0) })
    }

    func delete(_ call: DeleteCall, _ request: Int) async throws -> Answer {
        let namespace = try checked(call.namespace)
        let lsn: UInt64
        if call.deleteAll {
            guard call.ids.isEmpty else {
                throw ServiceError.invalid("No explicit IDs allowed when delete_all=true")
            }
            guard call.filter == nil else { throw ServiceError.invalid("No filter allowed when delete_all=true") }
            lsn = try await store.deleteAll(namespace: namespace)
        } else if let filter = call.filter {
            guard filter != .object([]) else {
                throw ServiceError.invalid("Delete with empty metadata filter is not allowed")
            }
            lsn = try await store.delete(matching: try Filter(filter), namespace: namespace)
        } else {
            guard !call.ids.isEmpty else { throw ServiceError.invalid("Invalid request") }
            guard call.ids.count <= IndexLimits.idsPerDelete else {
                throw ServiceError.invalid("Cannot delete more than \(IndexLimits.idsPerDelete) IDs in one request")
            }
            for id in call.ids { try RecordRules.checkID(id) }
            lsn = try await store.delete(ids: call.ids, namespace: namespace, request: request)
        }
        return Answer(reply: .deleted, lsn: .request(lsn))
    }
}
