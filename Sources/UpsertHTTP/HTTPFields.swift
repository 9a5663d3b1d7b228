/// Header or trailer fields in the order of the wire; names are compared without regard to case.
package struct HTTPFields: Sendable, ExpressibleByDictionaryLiteral {
    /// One field. Names are lowercase.
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    private(set) package var fields: [Field] = []

    package init() {}

    package init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    /// Whether there is no field.
    package var isEmpty: Bool { fields.isEmpty }

    /// The first value of `name`; setting replaces every value, setting nil removes them.
    package subscript(_ name: String) -> String? {
        get {
            let lowered = name.lowercased()
            return fields.first { $0.name == lowered }?.value
        }
        set {
            let lowered = name.lowercased()
            fields.removeAll { $0.name == lowered }
            if let newValue { fields.append(Field(name: lowered, value: newValue)) }
        }
    }

    /// Adds a field, keeping those of the same name.
    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name.lowercased(), value: value))
    }

    mutating func reserve(_ count: Int) { fields.reserveCapacity(count) }
}
