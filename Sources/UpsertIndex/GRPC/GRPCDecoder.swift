/// Decodes the request messages of `VectorService`. Field numbers: Pinecone's db_data_2026-07.proto.
enum GRPCDecoder {
    /// The call that `method` (the part behind `/VectorService/`) and its message make.
    static func decode(_ method: String, _ message: ArraySlice<UInt8>) throws -> Call {
        do {
            return try call(method, message)
        } catch let error as ProtobufError {
            throw ServiceError.invalid("failed to decode Protobuf message: \(error.reason)")
        }
    }

    private static func call(_ method: String, _ message: ArraySlice<UInt8>) throws -> Call {
        switch method {
        case "Upsert": .upsert(try upsert(message))
        case "Update": .update(try update(message))
        case "Delete": .delete(try delete(message))
        case "Fetch": .fetch(try fetch(message))
        case "FetchByMetadata": .fetchByMetadata(try fetchByMetadata(message))
        case "List": .list(try list(message))
        case "Query": .query(try query(message))
        case "DescribeIndexStats": .stats(hasFilter: try hasFilter(message))
        case "ListNamespaces": .listNamespaces(try listNamespaces(message))
        case "CreateNamespace": .createNamespace(try createNamespace(message))
        case "DescribeNamespace": .describeNamespace(try namespace(message))
        case "DeleteNamespace": .deleteNamespace(try namespace(message))
        default: throw ServiceError(code: .unimplemented, message: "unknown method \(method)")
        }
    }

    /// Calls `read` for each field; it returns false for a field that it does not know, which is then skipped.
    private static func fields(
        _ message: ArraySlice<UInt8>, _ read: (inout ProtobufReader, Int) throws -> Bool
    ) throws {
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            if try !read(&reader, field) { try reader.skip() }
        }
    }

    private static func upsert(_ message: ArraySlice<UInt8>) throws -> UpsertCall {
        var call = UpsertCall()
        try fields(message) { reader, field in
            switch field {
            case 1: call.records.append(try vector(try reader.delimited()))
            case 2: call.namespace = try reader.string()
            default: return false
            }
            return true
        }
        return call
    }

    private static func vector(_ message: ArraySlice<UInt8>) throws -> VectorRecord {
        var record = VectorRecord(id: "")
        try fields(message) { reader, field in
            switch field {
            case 1: record.id = try reader.string()
            case 2: try reader.appendFloats(to: &record.dense)
            case 3: record.metadata = try MetadataRules.encode(structBytes: try reader.delimited())
            case 4: record.sparse = try sparse(try reader.delimited())
            default: return false
            }
            return true
        }
        return record
    }

    private static func sparse(_ message: ArraySlice<UInt8>) throws -> SparseVector {
        var sparse = SparseVector()
        var values: ArraySlice<UInt8> = []
        try fields(message) { reader, field in
            switch field {
            case 1: try reader.appendIntegers(to: &sparse.indices)
            case 2: try reader.appendFloats(to: &values)
            default: return false
            }
            return true
        }
        sparse.values = FloatBytes.floats(values)
        return sparse
    }

    private static func update(_ message: ArraySlice<UInt8>) throws -> UpdateCall {
        var call = UpdateCall()
        try fields(message) { reader, field in
            switch field {
            case 1: call.id = try reader.string()
            case 2: try reader.appendFloats(to: &call.dense)
            case 3: call.setMetadata = try MetadataRules.encode(structBytes: try reader.delimited())
            case 4: call.namespace = try reader.string()
            case 5: call.sparse = try sparse(try reader.delimited())
            case 6: call.filter = try StructMessage.read(try reader.delimited())
            case 7: call.dryRun = try reader.bool()
            default: return false
            }
            return true
        }
        return call
    }

    private static func delete(_ message: ArraySlice<UInt8>) throws -> DeleteCall {
        var call = DeleteCall()
        try fields(message) { reader, field in
            switch field {
            case 1: call.ids.append(try reader.string())
            case 2: call.deleteAll = try reader.bool()
            case 3: call.namespace = try reader.string()
            case 4: call.filter = try StructMessage.read(try reader.delimited())
            default: return false
            }
            return true
        }
        return call
    }

    private static func fetch(_ message: ArraySlice<UInt8>) throws -> FetchCall {
        var call = FetchCall()
        try fields(message) { reader, field in
            switch field {
            case 1: call.ids.append(try reader.string())
            case 2: call.namespace = try reader.string()
            default: return false
            }
            return true
        }
        return call
    }

    private static func fetchByMetadata(_ message: ArraySlice<UInt8>) throws -> FetchByMetadataCall {
        var call = FetchByMetadataCall()
        try fields(message) { reader, field in
            switch field {
            case 1: call.namespace = try reader.string()
            case 2: call.filter = try StructMessage.read(try reader.delimited())
            case 3: call.limit = Int(try reader.uint32())
            case 4: call.token = try reader.string()
            default: return false
            }
            return true
        }
        return call
    }

    private static func list(_ message: ArraySlice<UInt8>) throws -> ListCall {
        var call = ListCall()
        try fields(message) { reader, field in
            switch field {
            case 1: call.prefix = try reader.string()
            case 2: call.limit = Int(try reader.uint32())
            case 3: call.token = try reader.string()
            case 4: call.namespace = try reader.string()
            default: return false
            }
            return true
        }
        return call
    }

    private static func query(_ message: ArraySlice<UInt8>) throws -> QueryCall {
        var call = QueryCall()
        try fields(message) { reader, field in
            switch field {
            case 1: call.namespace = try reader.string()
            case 2: call.topK = Int(try reader.uint32())
            case 3: call.filter = try StructMessage.read(try reader.delimited())
            case 4: call.includeValues = try reader.bool()
            case 5: call.includeMetadata = try reader.bool()
            case 6: throw ServiceError.invalid("'queries' is not supported")
            case 7: try reader.appendFloats(to: &call.dense)
            case 8: call.id = try reader.string()
            case 9: call.sparse = try sparse(try reader.delimited())
            default: return false
            }
            return true
        }
        return call
    }

    private static func hasFilter(_ message: ArraySlice<UInt8>) throws -> Bool {
        var hasFilter = false
        try fields(message) { reader, field in
            guard field == 1 else { return false }
            hasFilter = try StructMessage.read(try reader.delimited()) != .object([])
            return true
        }
        return hasFilter
    }

    private static func namespace(_ message: ArraySlice<UInt8>) throws -> String {
        var name = ""
        try fields(message) { reader, field in
            guard field == 1 else { return false }
            name = try reader.string()
            return true
        }
        return name
    }

    private static func listNamespaces(_ message: ArraySlice<UInt8>) throws -> ListNamespacesCall {
        var call = ListNamespacesCall()
        try fields(message) { reader, field in
            switch field {
            case 1: call.token = try reader.string()
            case 2: call.limit = Int(try reader.uint32())
            case 3: call.prefix = try reader.string()
            default: return false
            }
            return true
        }
        return call
    }

    private static func createNamespace(_ message: ArraySlice<UInt8>) throws -> CreateNamespaceCall {
        var call = CreateNamespaceCall()
        try fields(message) { reader, field in
            switch field {
            case 1: call.name = try reader.string()
            case 2: try schema(try reader.delimited(), into: &call)
            default: return false
            }
            return true
        }
        return call
    }

    private static func schema(_ message: ArraySlice<UInt8>, into call: inout CreateNamespaceCall) throws {
        try fields(message) { reader, field in
            guard field == 1 else { return false }
            let (name, properties) = try StructMessage.entry(try reader.delimited())
            var isFilterable = false
            try fields(properties ?? []) { reader, field in
                guard field == 1 else { return false }
                isFilterable = try reader.bool()
                return true
            }
            if !isFilterable { call.refusedField = name }
            call.fields.append(name)
            return true
        }
    }
}

extension ProtobufReader {
    /// Reads a `repeated float`, packed or not; one packed run shares memory with the message.
    mutating func appendFloats(to bytes: inout ArraySlice<UInt8>) throws {
        guard isDelimited else {
            let bits = try fixed32()
            for shift in [UInt32(0), 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
            return
        }
        let packed = try delimited()
        guard packed.count.isMultiple(of: 4) else { throw ProtobufError("buffer underflow") }
        if bytes.isEmpty { bytes = packed } else { bytes.append(contentsOf: packed) }
    }

    /// Reads a `repeated uint32`, packed or not.
    mutating func appendIntegers(to values: inout [UInt32]) throws {
        guard isDelimited else { return values.append(try uint32()) }
        var packed = ProtobufReader(packed: try delimited())
        while !packed.isAtEnd { values.append(try packed.uint32()) }
    }
}
