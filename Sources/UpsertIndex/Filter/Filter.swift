/// A parsed metadata filter.
///
/// Source: docs.pinecone.io, "Filter by metadata": `$eq $ne $gt $gte $lt $lte $in $nin $exists` on a field, `$and` and
/// `$or` over filters; several conditions side by side must all hold.
indirect enum Filter: Sendable, Equatable {
    case all([Filter])
    case any([Filter])
    case field(String, Condition)

    /// What is asked of one field. Values are strings, numbers or booleans.
    enum Condition: Sendable, Equatable {
        case equal(JSONValue)
        case notEqual(JSONValue)
        case greater(Double)
        case greaterOrEqual(Double)
        case less(Double)
        case lessOrEqual(Double)
        case oneOf([JSONValue])
        case noneOf([JSONValue])
        case exists(Bool)
    }
}

extension Filter {
    private static let depthMax = 16

    /// Parses a filter object, which must have at least one member.
    init(_ value: JSONValue, depth: Int = 0) throws {
        guard case .object(let members) = value else {
            throw ServiceError.invalid("filter must be an object, got \(value.quotedText)")
        }
        guard depth < Self.depthMax else { throw ServiceError.invalid("filter is nested too deeply") }
        let parts = try members.flatMap { try Self.parse($0, depth: depth) }
        self = parts.count == 1 ? parts[0] : .all(parts)
    }

    private static func parse(_ member: JSONMember, depth: Int) throws -> [Filter] {
        switch member.name {
        case "$and": return [.all(try list(member, depth: depth))]
        case "$or": return [.any(try list(member, depth: depth))]
        default: break
        }
        guard member.name.utf8.first != UInt8(ascii: "$") else {
            throw ServiceError.invalid("\(member.name) is not a valid operator at the top of a filter")
        }
        if case .object(let operators) = member.value {
            guard !operators.isEmpty else { throw ServiceError.invalid("filter for field '\(member.name)' is empty") }
            return try operators.map { .field(member.name, try condition($0, field: member.name)) }
        }
        return [.field(member.name, .equal(try scalar(member.value, "$eq", member.name)))]
    }

    private static func list(_ member: JSONMember, depth: Int) throws -> [Filter] {
        guard case .array(let values) = member.value, !values.isEmpty else {
            throw ServiceError.invalid(
                "the \(member.name) operator must be followed by a non-empty list of filters, got "
                    + member.value.quotedText)
        }
        return try values.map { try Filter($0, depth: depth + 1) }
    }

    private static func condition(_ member: JSONMember, field: String) throws -> Condition {
        let value = member.value
        switch member.name {
        case "$eq": return .equal(try scalar(value, "$eq", field))
        case "$ne": return .notEqual(try scalar(value, "$ne", field))
        case "$gt": return .greater(try number(value, "$gt", field))
        case "$gte": return .greaterOrEqual(try number(value, "$gte", field))
        case "$lt": return .less(try number(value, "$lt", field))
        case "$lte": return .lessOrEqual(try number(value, "$lte", field))
        case "$in": return .oneOf(try scalars(value, "$in", field))
        case "$nin": return .noneOf(try scalars(value, "$nin", field))
        case "$exists":
            guard case .bool(let wanted) = value else {
                throw ServiceError.invalid("the $exists operator must be followed by a boolean for field '\(field)'")
            }
            return .exists(wanted)
        default: throw ServiceError.invalid("\(member.name) is not a valid operator")
        }
    }

    private static func scalar(_ value: JSONValue, _ name: String, _ field: String) throws -> JSONValue {
        switch value {
        case .string, .number, .bool: return value
        default:
            throw ServiceError.invalid(
                "the \(name) operator must be followed by a string, boolean or a number, got \(value.quotedText) for "
                    + "field '\(field)'")
        }
    }

    private static func number(_ value: JSONValue, _ name: String, _ field: String) throws -> Double {
        guard case .number(let number) = value else {
            throw ServiceError.invalid(
                "the \(name) operator must be followed by a number, got \(value.quotedText) for field '\(field)'")
        }
        return number
    }

    private static func scalars(_ value: JSONValue, _ name: String, _ field: String) throws -> [JSONValue] {
        guard case .array(let values) = value else {
            throw ServiceError.invalid(
                "the \(name) operator must be followed by a list, got \(value.quotedText) for field '\(field)'")
        }
        guard values.count <= IndexLimits.filterListValues else {
            throw ServiceError.invalid(
                "the \(name) operator takes at most \(IndexLimits.filterListValues) values, got \(values.count)")
        }
        return try values.map { try scalar($0, name, field) }
    }
}
