extension Filter {
    /// Whether a record with this metadata (compact JSON of an object, or empty) passes.
    func matches(text: ArraySlice<UInt8>) throws -> Bool {
        matches(text.isEmpty ? .object([]) : try JSONReader.parse(text))
    }

    /// Whether a record with this metadata passes.
    ///
    /// A list of strings equals a value that it contains. A missing field is not equal to anything, so `$ne` and
    /// `$nin` hold for it. Values of different types are not equal, and only numbers are ordered.
    func matches(_ metadata: JSONValue) -> Bool {
        switch self {
        case .all(let filters): filters.allSatisfy { $0.matches(metadata) }
        case .any(let filters): filters.contains { $0.matches(metadata) }
        case .field(let name, let condition): condition.holds(metadata[name])
        }
    }
}

extension Filter.Condition {
    func holds(_ value: JSONValue?) -> Bool {
        switch self {
        case .equal(let wanted): Self.equals(value, wanted)
        case .notEqual(let unwanted): !Self.equals(value, unwanted)
        case .greater(let bound): Self.compare(value) { $0 > bound }
        case .greaterOrEqual(let bound): Self.compare(value) { $0 >= bound }
        case .less(let bound): Self.compare(value) { $0 < bound }
        case .lessOrEqual(let bound): Self.compare(value) { $0 <= bound }
        case .oneOf(let wanted): wanted.contains { Self.equals(value, $0) }
        case .noneOf(let unwanted): !unwanted.contains { Self.equals(value, $0) }
        case .exists(let wanted): (value != nil) == wanted
        }
    }

    private static func equals(_ value: JSONValue?, _ wanted: JSONValue) -> Bool {
        switch (value, wanted) {
        case (.array(let values), _): values.contains { equals($0, wanted) }
        case (.string(let text), .string(let other)): text.isSame(other)
        default: value == wanted
        }
    }

    private static func compare(_ value: JSONValue?, _ body: (Double) -> Bool) -> Bool {
        guard case .number(let number) = value else { return false }
        return body(number)
    }
}
