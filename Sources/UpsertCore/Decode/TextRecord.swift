/// Text records: records whose text the service embeds.
///
/// A line is one of two things. An **envelope** is an object that has `record` as an object or `op` as a string, and no
/// keys besides `op`, `namespace`, `record`, `id` and `_id`; it carries an operation or a namespace. Anything else is a
/// **bare record**, always an upsert, and every field but `_id` (or `id`) is its own. So a bare record may well have a
/// field named `namespace` or `record`, as long as some other field of its own stands beside it.
extension RecordReader {
    /// Reads one line of text records.
    mutating func readTextRecord(_ start: JSONCursor, _ columns: RecordColumns) throws(Rejection) -> ReadOperation {
        fields.removeAll()
        if try Envelope.isEnvelope(start) { return try readEnvelope(start, columns) }
        var cursor = start
        try readTextFields(&cursor, under: "")
        try takeID(from: columns)
        return try finishText(columns.operation, namespace: nil)
    }

    /// Reads the fields of a record, the id apart, and steps over its closing brace.
    private mutating func readTextFields(_ cursor: inout JSONCursor, under parent: String) throws(Rejection) {
        guard try cursor.openObject() else { return }
        repeat {
            let key = try cursor.readKey()
            if let field = Envelope.field(key, cursor), field == .underscoreID || field == .id {
                if hasID {
                    throw Rejection(
                        .duplicateField, at: "\(parent)/\(field.rawValue)",
                        "a record has one of \"_id\" and \"id\", once")
                }
                try readID(&cursor, at: "\(parent)/\(field.rawValue)")
            } else {
                try fields.readEntry(key, &cursor, under: parent)
            }
        } while try cursor.hasNextField()
        if let name = fields.duplicateKey() {
            throw Rejection(.duplicateField, at: parent + JSONPointer.step(name), "field \"\(name)\" appears twice")
        }
    }

    private mutating func readEnvelope(
        _ start: JSONCursor, _ columns: RecordColumns
    ) throws(Rejection) -> ReadOperation {
        var cursor = start
        var envelope = Envelope()
        guard try cursor.openObject() else { throw cursor.malformed("an empty envelope") }
        repeat {
            let key = try cursor.readKey()
            try readEnvelopeField(key, &cursor, &envelope)
        } while try cursor.hasNextField()
        try takeID(from: columns)
        let kind = envelope.operation ?? columns.operation
        if kind == .upsert && !envelope.hasRecord {
            throw Rejection(.missingField, at: "/record", "op \"upsert\" needs a record")
        }
        return try finishText(kind, namespace: envelope.namespace)
    }

    private mutating func readEnvelopeField(
        _ key: StringToken, _ cursor: inout JSONCursor, _ envelope: inout Envelope
    ) throws(Rejection) {
        // Only envelopes get here, and they have no other fields.
        guard let field = Envelope.field(key, cursor) else { throw cursor.malformed("not a field of an envelope") }
        let pointer = "/" + field.rawValue
        if !envelope.seen.insert(field).inserted {
            throw Rejection(.duplicateField, at: pointer, "field \"\(field.rawValue)\" appears twice")
        }
        switch field {
        case .operation: envelope.operation = try readOperationName(&cursor)
        case .namespace: envelope.namespace = try readNamespace(&cursor)
        case .record:
            if cursor.current != UInt8(ascii: "{") {
                throw cursor.wrongType("record", at: pointer, mustBe: "an object")
            }
            envelope.hasRecord = true
            cursor.depth = 1
            try readTextFields(&cursor, under: pointer)
            cursor.depth = 0
        case .id, .underscoreID:
            if hasID {
                throw Rejection(.duplicateField, at: pointer, "an envelope and its record have one id between them")
            }
            try readID(&cursor, at: pointer)
        }
    }

    private mutating func finishText(_ kind: OperationKind, namespace: String?) throws(Rejection) -> ReadOperation {
        switch kind {
        case .update:
            throw Rejection(
                .unsupportedOperation, at: "/op",
                "text records cannot be updated: the service has no such operation for them; upsert the whole record")
        case .delete:
            if !hasID { throw Rejection(.missingField, at: "/id", "op \"delete\" needs an id") }
            if !fields.entries.isEmpty {
                throw Rejection(.unknownField, "op \"delete\" takes an id and no other fields")
            }
            return finishDelete(namespace: namespace)
        case .upsert: break
        }
        if !hasID {
            content.removeAll(keepingCapacity: true)
            CanonicalJSON.append(fields, to: &content)
            deriveID()
        }
        encoded.append(contentsOf: "{\"_id\":".utf8)
        StringEscapes.appendString(id, to: &encoded)
        fields.appendFields(to: &encoded, after: true)
        encoded.append(contentsOf: "}\n".utf8)
        try checkSize(.upsert, weight: 0)
        return ReadOperation(kind: .upsert, namespace: namespace, idLength: id.count, weight: encoded.count)
    }
}

/// What an envelope said.
private struct Envelope {
    /// The fields that an envelope has.
    enum Field: String {
        case operation = "op"
        case namespace, record, id
        case underscoreID = "_id"
    }

    var seen: Set<Field> = []
    var operation: OperationKind?
    var namespace: String?
    var hasRecord = false

    /// The field a key names; nil for any other.
    static func field(_ key: StringToken, _ cursor: JSONCursor) -> Field? {
        if key.escaped { return Field(rawValue: cursor.text(key)) }
        if cursor.equals(key, "_id") { return .underscoreID }
        if cursor.equals(key, "id") { return .id }
        if cursor.equals(key, "op") { return .operation }
        if cursor.equals(key, "record") { return .record }
        return cursor.equals(key, "namespace") ? .namespace : nil
    }

    /// Whether the object is an envelope rather than a bare record. Ends at the first field that only a record can have.
    static func isEnvelope(_ start: JSONCursor) throws(Rejection) -> Bool {
        var cursor = start
        var hasControl = false
        guard try cursor.openObject() else { return false }
        repeat {
            let key = try cursor.readKey()
            switch field(key, cursor) {
            case .operation: hasControl = hasControl || cursor.current == UInt8(ascii: "\"")
            case .record: hasControl = hasControl || cursor.current == UInt8(ascii: "{")
            case .namespace, .id, .underscoreID: break
            case nil: return false
            }
            guard try cursor.skipValue() else { throw cursor.malformed("expected a value") }
        } while try cursor.hasNextField()
        return hasControl
    }
}
