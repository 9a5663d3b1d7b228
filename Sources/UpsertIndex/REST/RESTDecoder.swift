internal import UpsertHTTP

/// Decodes REST requests, as strictly as the service's JSON transcoder: unknown names are refused.
enum RESTDecoder {
    static func decode(_ route: RESTRoute, _ request: HTTPRequest) throws -> Call {
        do {
            return try call(route, request)
        } catch let error as JSONError {
            throw ServiceError.invalid("Invalid JSON at byte \(error.offset): \(error.reason)")
        }
    }

    private static func call(_ route: RESTRoute, _ request: HTTPRequest) throws -> Call {
        let body = request.body
        switch route {
        case .upsert: return .upsert(try upsert(body))
        case .update: return .update(try update(body))
        case .delete: return .delete(try delete(body))
        case .query: return .query(try query(body))
        case .fetchByMetadata: return .fetchByMetadata(try fetchByMetadata(body))
        case .stats: return .stats(hasFilter: try stats(body))
        case .upsertText(let namespace): return .upsertText(try TextRecordDecoder.decode(body, namespace: namespace))
        case .createNamespace: return .createNamespace(try createNamespace(body))
        case .describeNamespace(let name): return .describeNamespace(name)
        case .deleteNamespace(let name): return .deleteNamespace(name)
        case .deleteByParameters, .fetch, .list, .listNamespaces: return try ParameterDecoder.decode(route, request)
        }
    }

    private static func upsert(_ body: [UInt8]) throws -> UpsertCall {
        var call = UpsertCall()
        try members(body) { reader, name in
            switch name {
            case "vectors": try reader.array { call.records.append(try VectorJSON.record(&$0)) }
            case "namespace": call.namespace = try reader.string()
            default: throw unknown(name, reader)
            }
        }
        let bytes = call.records.reduce(0) { $0 + $1.payloadBytes }
        try RecordRules.checkMessage(bytes: bytes)
        return call
    }

    private static func update(_ body: [UInt8]) throws -> UpdateCall {
        var call = UpdateCall()
        try members(body) { reader, name in
            switch name {
            case "id": call.id = try reader.string()
            case "values": call.dense = try VectorJSON.floats(&reader)
            case "sparseValues", "sparse_values": call.sparse = try VectorJSON.sparse(&reader)
            case "setMetadata", "set_metadata": call.setMetadata = try MetadataRules.encode(try reader.value())
            case "namespace": call.namespace = try reader.string()
            case "filter": call.filter = try reader.value()
            case "dryRun", "dry_run": call.dryRun = try reader.bool()
            default: throw unknown(name, reader)
            }
        }
        return call
    }

    private static func delete(_ body: [UInt8]) throws -> DeleteCall {
        var call = DeleteCall()
        try members(body) { reader, name in
            switch name {
            case "ids": try reader.array { call.ids.append(try $0.string()) }
            case "deleteAll", "delete_all": call.deleteAll = try reader.bool()
            case "namespace": call.namespace = try reader.string()
            case "filter": call.filter = try reader.value()
            default: throw unknown(name, reader)
            }
        }
        return call
    }

    private static func query(_ body: [UInt8]) throws -> QueryCall {
        var call = QueryCall()
        try members(body) { reader, name in
            switch name {
            case "namespace": call.namespace = try reader.string()
            case "topK", "top_k": call.topK = try VectorJSON.integer(&reader)
            case "filter": call.filter = try reader.value()
            case "includeValues", "include_values": call.includeValues = try reader.bool()
            case "includeMetadata", "include_metadata": call.includeMetadata = try reader.bool()
            case "vector": call.dense = try VectorJSON.floats(&reader)
            case "sparseVector", "sparse_vector": call.sparse = try VectorJSON.sparse(&reader)
            case "id": call.id = try reader.string()
            // Search here is exhaustive, so hints for an approximate one change nothing.
            case "scanFactor", "scan_factor", "maxCandidates", "max_candidates": _ = try reader.number()
            default: throw unknown(name, reader)
            }
        }
        return call
    }

    private static func fetchByMetadata(_ body: [UInt8]) throws -> FetchByMetadataCall {
        var call = FetchByMetadataCall()
        try members(body) { reader, name in
            switch name {
            case "namespace": call.namespace = try reader.string()
            case "filter": call.filter = try reader.value()
            case "limit": call.limit = try VectorJSON.integer(&reader)
            case "paginationToken", "pagination_token": call.token = try reader.string()
            default: throw unknown(name, reader)
            }
        }
        return call
    }

    private static func stats(_ body: [UInt8]) throws -> Bool {
        guard !body.isEmpty else { return false }
        var hasFilter = false
        try members(body) { reader, name in
            guard name == "filter" else { throw unknown(name, reader) }
            hasFilter = try reader.value() != .object([])
        }
        return hasFilter
    }

    private static func createNamespace(_ body: [UInt8]) throws -> CreateNamespaceCall {
        var call = CreateNamespaceCall()
        try members(body) { reader, name in
            switch name {
            case "name": call.name = try reader.string()
            case "schema":
                guard case .object(let fields)? = try reader.value()["fields"] else {
                    throw reader.failure("expected fields")
                }
                for field in fields {
                    if field.value["filterable"] != .bool(true) { call.refusedField = field.name }
                    call.fields.append(field.name)
                }
            default: throw unknown(name, reader)
            }
        }
        return call
    }

    /// Reads the object that is the whole body. A member that is null counts as absent, as in protobuf's JSON mapping.
    private static func members(_ body: [UInt8], _ read: (inout JSONReader, String) throws -> Void) throws {
        var reader = JSONReader(body)
        try reader.object { reader, name in
            if reader.takeNull() { return }
            try read(&reader, name)
        }
        try reader.finish()
    }

    private static func unknown(_ name: String, _ reader: JSONReader) -> JSONError {
        reader.failure("unknown name \"\(name)\"")
    }
}
