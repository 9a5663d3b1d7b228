/// Reads and writes sizes as the configuration has them: a whole number and a binary unit, such as `64MiB`.
enum SizeText {
    private static let units: [(name: String, bytes: Int)] = [
        ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// The size in bytes, or what is wrong with the text.
    static func parse(_ text: String) -> Result<Int, ValueProblem> {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard !digits.isEmpty else {
            return .failure(ValueProblem("must be a size such as 64MiB, is \(shown(text))"))
        }
        guard !unit.isEmpty else {
            return .failure(ValueProblem("needs a unit: write \(digits)B for bytes (units: B, KiB, MiB, GiB, TiB)"))
        }
        guard let factor = units.first(where: { $0.name == unit })?.bytes else {
            return .failure(
                ValueProblem("must be a whole number and one of the units B, KiB, MiB, GiB, TiB, is \(shown(text))"))
        }
        guard let number = Int(digits), !number.multipliedReportingOverflow(by: factor).overflow else {
            return .failure(ValueProblem("is too large: \(shown(text))"))
        }
        return .success(number * factor)
    }

    /// The shortest text that ``parse(_:)`` reads back.
    static func text(_ bytes: Int) -> String {
        for unit in units.reversed() where bytes % unit.bytes == 0 && bytes > 0 {
            return "\(bytes / unit.bytes)\(unit.name)"
        }
        return "0B"
    }
}
