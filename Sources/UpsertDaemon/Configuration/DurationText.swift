/// Reads and writes durations as the configuration has them: a whole number and a unit, such as `200ms`.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000),
    ]

    /// The duration, or what is wrong with the text.
    package static func parse(_ text: String) -> Result<Duration, ValueProblem> {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard !digits.isEmpty else {
            return .failure(ValueProblem("must be a duration such as 200ms, 30s, 5m or 1h, is \(shown(text))"))
        }
        guard !unit.isEmpty else {
            return .failure(ValueProblem("needs a unit: write \(digits)s for seconds (units: ms, s, m, h)"))
        }
        guard let factor = units.first(where: { $0.name == unit })?.milliseconds else {
            return .failure(ValueProblem("must be a whole number and one of the units ms, s, m, h, is \(shown(text))"))
        }
        guard let number = Int64(digits), !number.multipliedReportingOverflow(by: factor).overflow else {
            return .failure(ValueProblem("is too long: \(shown(text))"))
        }
        return .success(.milliseconds(number * factor))
    }

    /// The shortest text that ``parse(_:)`` reads back; fractions of a millisecond are dropped.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        for unit in units.reversed() where milliseconds % unit.milliseconds == 0 && milliseconds > 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.name)"
        }
        return "0s"
    }
}

/// What is wrong with a value; completes a sentence that begins with the setting's name.
package struct ValueProblem: Error, Sendable, Equatable {
    /// The rest of the sentence.
    package let text: String
    init(_ text: String) { self.text = text }
}

/// A value as messages show it: quoted, escaped, and cut where it is long.
func shown(_ text: String) -> String {
    let cut = text.count > 60 ? text.prefix(60) + "…" : text[...]
    return "\"" + LogText.escaped(String(cut)) + "\""
}
