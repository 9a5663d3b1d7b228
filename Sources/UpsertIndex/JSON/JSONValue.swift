/// A parsed JSON value. Object members keep their order; of a repeated name the last counts.
enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// The value of the last member called `name`; nil if there is none or this is no object.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name.isSame(name) }?.value
    }

    /// Compact JSON, numbers as floating-point text (`10.0`), as the service quotes values in its messages.
    var quotedText: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): value.description
        case .string(let value): JSONWriter.text { $0.string(value) }
        case .array(let values): "[" + values.map(\.quotedText).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { $0.quotedText }.joined(separator: ",") + "}"
        }
    }
}

struct JSONMember: Sendable, Equatable {
    var name: String
    var value: JSONValue

    fileprivate var quotedText: String { JSONWriter.text { $0.string(name) } + ":" + value.quotedText }
}

extension String {
    /// Equality of bytes. `==` takes canonically equivalent texts for equal, which the service does not.
    func isSame(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
