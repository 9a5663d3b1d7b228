package import UpsertStorage

/// The numbers of quarantined records, as a request's body names them.
package struct QuarantineNumbers: Sendable, Equatable, Codable {
    /// Numbers of one request, at most.
    package static let countMax = 1_000

    package var numbers: [Int64]

    package init(_ numbers: [Int64]) { self.numbers = numbers }

    /// - Throws: ``OperatorError`` with code `invalid`.
    init(json: [UInt8]) throws {
        do { self = try StatusJSON.decode(Self.self, from: json) } catch {
            throw OperatorError(.invalid, "the body must be {\"numbers\":[…]}")
        }
        guard (1...Self.countMax).contains(numbers.count) else {
            throw OperatorError(.invalid, "numbers must be 1 to \(Self.countMax), are \(numbers.count)")
        }
    }
}

/// What became of a change to several quarantined records.
package struct QuarantineChangeReport: Sendable, Equatable, Codable {
    /// One that was left as it is.
    package struct Refused: Sendable, Equatable, Codable {
        package var number: Int64
        /// Whether there is no such record.
        package var absent: Bool
        /// Why, and what to do.
        package var message: String
    }

    /// Records changed.
    package var changed: Int
    package var refused: [Refused]

    package init(_ numbers: [Int64], refused: [QuarantineRefusal]) {
        changed = numbers.count - refused.count
        self.refused = refused.map { Refused(number: $0.number, absent: $0.isAbsent, message: $0.message) }
    }
}
