/// The top-level fields of a small JSON object from a server: numbers and strings read, objects kept for another
/// reading.
///
/// Servers' answers hold a handful of scalars, so this reads no more of JSON than that, and no Foundation.
struct JSONFields {
    enum Value: Equatable {
        case string(String)
        case number(Double)
        /// The bytes of a nested object.
        case object(ArraySlice<UInt8>)
        /// An array, true, false or null.
        case other
    }

    private var values: [String: Value] = [:]

    /// Depth of nesting that is followed.
    private static let depthMax = 64

    /// Reads an object; nil when the bytes are not one JSON object, white space around it aside.
    init?(_ bytes: ArraySlice<UInt8>) {
        var cursor = JSONFieldCursor(bytes)
        guard cursor.take(UInt8(ascii: "{")) else { return nil }
        if !cursor.take(UInt8(ascii: "}")) {
            repeat {
                guard let key = cursor.string(), cursor.take(UInt8(ascii: ":")) else { return nil }
                guard let value = cursor.value(depth: Self.depthMax) else { return nil }
                values[key] = value
            } while cursor.take(UInt8(ascii: ","))
            guard cursor.take(UInt8(ascii: "}")) else { return nil }
        }
        guard cursor.isAtEnd else { return nil }
    }

    func string(_ key: String) -> String? {
        if case .string(let text)? = values[key] { text } else { nil }
    }

    /// A whole number that fits.
    func integer(_ key: String) -> Int? {
        if case .number(let number)? = values[key] { Int(exactly: number) } else { nil }
    }

    func object(_ key: String) -> JSONFields? {
        if case .object(let bytes)? = values[key] { JSONFields(bytes) } else { nil }
    }

    func has(_ key: String) -> Bool { values[key] != nil }

    var isEmpty: Bool { values.isEmpty }

    /// Whether every field has one of these names and a whole number.
    func holdsOnlyIntegers(named names: Set<String>) -> Bool {
        values.keys.allSatisfy { names.contains($0) && integer($0) != nil }
    }
}
