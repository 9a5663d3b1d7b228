/// Reads the JSON of vectors without building trees.
enum VectorJSON {
    static func record(_ reader: inout JSONReader) throws -> VectorRecord {
        var record = VectorRecord(id: "")
        try reader.object { reader, name in
            if reader.takeNull() { return }
            switch name {
            case "id": record.id = try reader.string()
            case "values": record.dense = try floats(&reader)
            case "sparseValues", "sparse_values": record.sparse = try sparse(&reader)
            case "metadata": record.metadata = try MetadataRules.encode(try reader.value())
            default: throw reader.failure("unknown name \"\(name)\"")
            }
        }
        return record
    }

    /// A list of numbers as float32 bytes, each rounded to double first, as the service's transcoder does.
    static func floats(_ reader: inout JSONReader) throws -> ArraySlice<UInt8> {
        var bytes: [UInt8] = []
        try reader.array { FloatBytes.append(Float(try $0.number()), to: &bytes) }
        return bytes[...]
    }

    static func sparse(_ reader: inout JSONReader) throws -> SparseVector {
        var sparse = SparseVector()
        try reader.object { reader, name in
            switch name {
            case "indices":
                try reader.array { reader in
                    guard let index = UInt32(exactly: try reader.number()) else {
                        throw reader.failure("expected an unsigned 32-bit integer")
                    }
                    sparse.indices.append(index)
                }
            case "values": try reader.array { sparse.values.append(Float(try $0.number())) }
            default: throw reader.failure("unknown name \"\(name)\"")
            }
        }
        return sparse
    }

    static func integer(_ reader: inout JSONReader) throws -> Int {
        guard let value = Int(exactly: try reader.number()) else { throw reader.failure("expected an integer") }
        return value
    }
}
