/// The fields of a vector record, one case per accepted spelling.
enum FieldName: UInt8, CaseIterable {
    case id, underscoreID, values, sparseSnake, sparseCamel, metadata, setSnake, setCamel, namespace, operation

    /// The spelling.
    var text: String {
        switch self {
        case .id: "id"
        case .underscoreID: "_id"
        case .values: "values"
        case .sparseSnake: "sparse_values"
        case .sparseCamel: "sparseValues"
        case .metadata: "metadata"
        case .setSnake: "set_metadata"
        case .setCamel: "setMetadata"
        case .namespace: "namespace"
        case .operation: "op"
        }
    }

    /// A bit that both spellings of one field share.
    var bit: UInt8 {
        switch self {
        case .id, .underscoreID: 1
        case .values: 2
        case .sparseSnake, .sparseCamel: 4
        case .metadata: 8
        case .setSnake, .setCamel: 16
        case .namespace: 32
        case .operation: 64
        }
    }

    /// The field a key names; nil for any other.
    static func named(_ key: StringToken, _ cursor: JSONCursor) -> FieldName? {
        if key.escaped { return allCases.first { $0.text == cursor.text(key) } }
        switch key.count {
        case 2: return cursor.equals(key, "id") ? .id : cursor.equals(key, "op") ? .operation : nil
        case 3: return cursor.equals(key, "_id") ? .underscoreID : nil
        case 6: return cursor.equals(key, "values") ? .values : nil
        case 8: return cursor.equals(key, "metadata") ? .metadata : nil
        case 9: return cursor.equals(key, "namespace") ? .namespace : nil
        case 11: return cursor.equals(key, "setMetadata") ? .setCamel : nil
        case 12:
            return cursor.equals(key, "sparseValues")
                ? .sparseCamel : cursor.equals(key, "set_metadata") ? .setSnake : nil
        case 13: return cursor.equals(key, "sparse_values") ? .sparseSnake : nil
        default: return nil
        }
    }
}

/// Guesses what a misspelt field name was meant to be.
enum FieldGuess {
    /// Names that people use for a known field.
    private static let synonyms: [String: String] = [
        "vector": "values", "embedding": "values", "embeddings": "values", "dense": "values", "dense_values": "values",
        "sparse": "sparse_values", "sparse_vector": "sparse_values", "sparseVector": "sparse_values",
        "meta": "metadata", "attributes": "metadata", "payload": "metadata", "ns": "namespace", "operation": "op",
    ]

    /// A sentence such as ` (did you mean "values"?)`; empty when nothing is close.
    static func hint(_ name: String, among known: [String]) -> String {
        if let synonym = synonyms[name], known.contains(synonym) { return " (did you mean \"\(synonym)\"?)" }
        let scored = known.map { ($0, distance(name.lowercased(), $0.lowercased())) }
        guard let best = scored.min(by: { $0.1 < $1.1 }), best.1 <= 2, best.1 * 2 < best.0.count else { return "" }
        return " (did you mean \"\(best.0)\"?)"
    }

    /// Levenshtein distance of two short names, in bytes; longer ones are simply far apart.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        if left.count > 32 || right.count > 32 { return .max }
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let replaced = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
