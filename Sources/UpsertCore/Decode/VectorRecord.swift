/// Which fields of a vector record were there, and under which spelling.
struct VectorFields {
    /// The bits of all fields seen.
    var seen: UInt8 = 0
    var operation: OperationKind?
    var namespace: String?
    var idName = FieldName.id
    var sparseName = FieldName.sparseSnake
    var setName = FieldName.setSnake
    /// Which of `metadata` and `set_metadata` the field table holds; nil when absent or null.
    var fieldsName: FieldName?

    func has(_ field: FieldName) -> Bool { seen & field.bit != 0 }
}

extension RecordReader {
    /// Reads a record that brings its own values. Fields come in any order, so what belongs to which operation is judged
    /// at the end.
    mutating func readVectorRecord(_ start: JSONCursor, _ columns: RecordColumns) throws(Rejection) -> ReadOperation {
        var cursor = start
        var found = VectorFields()
        vector.removeAll(countingText: rules.encoding == .packed)
        if try cursor.openObject() {
            repeat {
                let key = try cursor.readKey()
                try readField(key, &cursor, &found)
            } while try cursor.hasNextField()
        }
        try takeID(from: columns)
        let kind = found.operation ?? columns.operation
        try checkFields(found, for: kind)
        switch kind {
        case .delete: return finishDelete(namespace: found.namespace)
        case .upsert: return try finishUpsert(found)
        case .update: return try finishUpdate(found)
        }
    }

    private mutating func readField(
        _ key: StringToken, _ cursor: inout JSONCursor, _ found: inout VectorFields
    ) throws(Rejection) {
        guard let field = FieldName.named(key, cursor) else { throw Self.unknownField(cursor.text(key)) }
        if found.has(field) {
            throw Rejection(.duplicateField, at: "/" + field.text, "field \"\(field.text)\" appears twice")
        }
        found.seen |= field.bit
        switch field {
        case .id, .underscoreID:
            found.idName = field
            try readID(&cursor, at: "/" + field.text)
        case .values: try vector.readDense(&cursor, dimension: rules.dimension)
        case .sparseSnake, .sparseCamel:
            found.sparseName = field
            try vector.readSparse(&cursor, field: field)
        case .metadata:
            if cursor.skipNull() { break }
            try fields.readObject(&cursor, field: field)
            found.fieldsName = field
        case .setSnake, .setCamel:
            found.setName = field
            if cursor.skipNull() { break }
            try fields.readObject(&cursor, field: field)
            found.fieldsName = field
        case .namespace: found.namespace = try readNamespace(&cursor)
        case .operation: found.operation = try readOperationName(&cursor)
        }
    }

    private static func unknownField(_ name: String) -> Rejection {
        let known = ["id", "values", "sparse_values", "metadata", "set_metadata", "namespace", "op"]
        return Rejection(
            .unknownField, at: JSONPointer.step(name),
            "unknown field \"\(name)\"" + FieldGuess.hint(name, among: known))
    }

    /// Reads the operation's name at the cursor.
    func readOperationName(_ cursor: inout JSONCursor) throws(Rejection) -> OperationKind {
        if cursor.current != UInt8(ascii: "\"") { throw cursor.wrongType("op", at: "/op", mustBe: "a string") }
        let token = try cursor.readString()
        if cursor.equals(token, "upsert") { return .upsert }
        if cursor.equals(token, "update") { return .update }
        if cursor.equals(token, "delete") { return .delete }
        throw Rejection(
            .unsupportedOperation, at: "/op",
            "unknown op \"\(cursor.text(token))\"; there are upsert, update and delete")
    }

    /// Refuses fields that the operation does not have, and the lack of those that it needs.
    private func checkFields(_ found: VectorFields, for kind: OperationKind) throws(Rejection) {
        let refused: [FieldName]
        switch kind {
        case .upsert: refused = found.has(.setSnake) ? [found.setName] : []
        case .update: refused = found.has(.metadata) ? [.metadata] : []
        case .delete:
            refused = [.values, found.sparseName, .metadata, found.setName].filter { found.has($0) }
        }
        if let field = refused.first {
            let hint =
                switch (kind, field) {
                case (.upsert, _): " (did you mean \"metadata\"? \"\(field.text)\" belongs to op \"update\")"
                case (.update, .metadata): " (did you mean \"set_metadata\"?)"
                default: ""
                }
            throw Rejection(
                .unknownField, at: "/" + field.text, "op \"\(kind.name)\" has no field \"\(field.text)\"" + hint)
        }
        if !hasID && kind != .upsert {
            throw Rejection(.missingField, at: "/id", "op \"\(kind.name)\" needs an id")
        }
    }

    private mutating func finishUpsert(_ found: VectorFields) throws(Rejection) -> ReadOperation {
        if vector.denseCount == 0 && vector.sparseCount == 0 {
            throw Rejection(
                .noValues, "Vector must have at least one of non-empty dense values or sparse values")
        }
        let metadata = try checkedMetadata(found)
        if !hasID {
            content.removeAll(keepingCapacity: true)
            VectorEncoder.appendParts(vector, metadata, VectorEncoder.upsertTags, to: &content)
            deriveID()
        }
        VectorEncoder.appendUpsert(id, vector, metadata, to: &encoded)
        return try finish(.upsert, found, metadata)
    }

    private mutating func finishUpdate(_ found: VectorFields) throws(Rejection) -> ReadOperation {
        let metadata = try checkedMetadata(found)
        if vector.denseCount == 0 && vector.sparseCount == 0 && metadata == nil {
            throw Rejection(.noValues, "an update needs values, sparse_values or set_metadata")
        }
        VectorEncoder.appendUpdate(id, vector, metadata, to: &encoded)
        return try finish(.update, found, metadata)
    }

    private func finish(
        _ kind: OperationKind, _ found: VectorFields, _ metadata: FieldTable?
    ) throws(Rejection) -> ReadOperation {
        let weight =
            rules.encoding == .packed
            ? VectorText.bytesMax(kind, id, vector, metadata)
            : 4 * vector.denseCount + 8 * vector.sparseCount + (metadata?.jsonCount ?? 0)
        try checkSize(kind, weight: weight)
        return ReadOperation(kind: kind, namespace: found.namespace, idLength: id.count, weight: weight)
    }

    /// The metadata that the record has, if it has any, within its limit.
    private func checkedMetadata(_ found: VectorFields) throws(Rejection) -> FieldTable? {
        guard let name = found.fieldsName else { return nil }
        if let rejection = MetadataSize.refusal(
            json: fields.jsonCount, protobuf: fields.protobufCount, at: "/" + name.text)
        {
            throw rejection
        }
        return fields
    }
}

/// The limit on one record's metadata.
enum MetadataSize {
    /// Refuses only what both known readings of the limit refuse; nil when it may pass.
    static func refusal(json: Int, protobuf: Int, at pointer: @autoclosure () -> String) -> Rejection? {
        let bytes = min(json, protobuf)
        if bytes <= RecordLimits.metadataBytesMax { return nil }
        return Rejection(
            .metadataTooLarge, at: pointer(),
            "Metadata size is \(bytes) bytes, which exceeds the limit of \(RecordLimits.metadataBytesMax) bytes per vector"
        )
    }
}
