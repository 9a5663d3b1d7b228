import UpsertTestSupport

/// Makes records from a grammar of what producers write, with something wrong now and then, and mangles some of them.
struct RecordInputs {
    var random: TestRandom
    /// Inputs kept from earlier: `Tests/corpus/records`.
    let kept: [[UInt8]]

    mutating func next() -> [UInt8] {
        var bytes: [UInt8]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes = kept.randomElement(using: &random) ?? []
        default: bytes = Array(record().utf8)
        }
        guard Int.random(in: 0..<3, using: &random) == 0 else { return bytes }
        for _ in 0..<Int.random(in: 1...3, using: &random) { mangle(&bytes) }
        return bytes
    }

    private mutating func mangle(_ bytes: inout [UInt8]) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        let span = at..<min(bytes.count, at + Int.random(in: 0...8, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.removeSubrange(span)
        case 1: bytes.insert(contentsOf: Array(Self.pieces.randomElement(using: &random)!.utf8), at: at)
        case 2: bytes.insert(contentsOf: bytes[span], at: at)
        case 3: if at < bytes.count { bytes[at] = UInt8.random(in: .min ... .max, using: &random) }
        case 4: bytes.insert(contentsOf: Self.notUTF8.randomElement(using: &random)!, at: at)
        default: if at < bytes.count { bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        }
    }

    private static let pieces = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\ud800", "\\udc00", "\\u0000", "\u{feff}", "\t", "\r", "\n", "\0",
        "1e999999999", "-0.0", "00", "01", "1.", ".5", "+1", "NaN", "Infinity", "0x10", "nul", "truefalse", "//", "'",
        "\u{85}", "\u{2028}", "[[[[[[[[[[[[[[[[", "{\"a\":{\"a\":{\"a\":",
    ]
    /// Overlong forms, lone continuation and lead bytes, surrogates in UTF-8, above U+10FFFF.
    private static let notUTF8: [[UInt8]] = [
        [0xc0, 0x80], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xff], [0xc3],
    ]

    // MARK: The grammar

    private mutating func record() -> String {
        var fields: [String] = []
        let idName = oneOf(["id", "id", "id", "_id"])
        if !chance(8) { fields.append("\"\(idName)\":\(chance(6) ? value(0) : string())") }
        if !chance(4) { fields.append("\"values\":\(numbers())") }
        if chance(4) {
            let name = oneOf(["sparse_values", "sparseValues"])
            fields.append("\"\(name)\":{\"indices\":\(indices()),\"values\":\(numbers())}")
        }
        if chance(2) {
            fields.append("\"\(oneOf(["metadata", "metadata", "set_metadata", "setMetadata"]))\":\(metadata())")
        }
        if chance(4) {
            fields.append("\"op\":\(oneOf(["\"upsert\"", "\"update\"", "\"delete\"", "\"UPSERT\"", "null"]))")
        }
        if chance(5) {
            fields.append("\"namespace\":\(oneOf(["\"\"", "\"n\"", "\"__default__\"", "null", "7", string()]))")
        }
        if chance(10) { fields.append("\"record\":{\"_id\":\(string()),\"text\":\(string())}") }
        if chance(12), let again = fields.randomElement(using: &random) { fields.append(again) }
        fields.shuffle(using: &random)
        let blank = oneOf(["", "", " ", "\t", " \r"])
        return blank + "{" + fields.joined(separator: ",\(blank)") + "\(blank)}" + blank
    }

    private mutating func metadata() -> String {
        let count = Int.random(in: 0...5, using: &random)
        let members = (0..<count).map { _ in "\(string()):\(value(2))" }
        return "{" + members.joined(separator: ",") + "}"
    }

    private mutating func value(_ depth: Int) -> String {
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1: return number()
        case 2, 3: return string()
        case 4: return oneOf(["true", "false", "null"])
        case 5:
            return "[" + (0..<Int.random(in: 0...3, using: &random)).map { _ in string() }.joined(separator: ",") + "]"
        case 6 where depth > 0: return "[" + value(depth - 1) + "," + value(depth - 1) + "]"
        case 7 where depth > 0: return metadata()
        default: return number()
        }
    }

    private mutating func numbers() -> String {
        let count = oneOf([0, 1, 2, 3, 4, 8, 17, 33])
        return "[" + (0..<count).map { _ in number() }.joined(separator: oneOf([",", ",", ", ", " ,\n"])) + "]"
    }

    private mutating func indices() -> String {
        let count = Int.random(in: 0...8, using: &random)
        return "["
            + (0..<count).map { _ in
                chance(10) ? number() : "\(UInt32.random(in: 0 ... .max, using: &random))"
            }.joined(separator: ",") + "]"
    }

    private mutating func number() -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return "\(Int.random(in: -1_000...1_000, using: &random))"
        case 1, 2: return Float(bitPattern: UInt32.random(in: 0..<0x7f80_0000, using: &random)).description
        case 3: return "-" + Float.random(in: 0..<1, using: &random).description
        case 4: return Double(bitPattern: UInt64.random(in: 0..<0x7ff0_0000_0000_0000, using: &random)).description
        case 5:
            // Halfway between two floats, as exactly as a double says it: where rounding twice goes wrong.
            let float = Float(bitPattern: UInt32.random(in: 0x3000_0000..<0x4f00_0000, using: &random))
            let half = (Double(float) + Double(float.nextUp)) / 2
            return half.description
                + oneOf(["", "0", "00000000000000001", "99999999999999999"])
                .replacingExponent(of: half.description)
        case 6: return digits(1...3) + "." + digits(1...40)
        case 7: return digits(1...30) + oneOf(["", "e-\(digits(1...2))", "E+\(digits(1...2))", "e\(digits(1...6))"])
        case 8: return "0." + String(repeating: "0", count: Int.random(in: 0...60, using: &random)) + digits(1...20)
        default: return oneOf(["0", "-0", "1e-8", "9.9e-9", "3.4028235e38", "3.4028236e38", "1e-45", "7e-46", "1e400"])
        }
    }

    private mutating func digits(_ counts: ClosedRange<Int>) -> String {
        let count = Int.random(in: counts, using: &random)
        let first = Int.random(in: 1...9, using: &random)
        return "\(first)" + (1..<max(1, count)).map { _ in "\(Int.random(in: 0...9, using: &random))" }.joined()
    }

    private mutating func string() -> String {
        var text = "\""
        for _ in 0..<oneOf([0, 1, 1, 2, 3, 8, 15, 16, 17, 31, 64]) {
            text += oneOf([
                "a", "b", "k", "0", " ", "é", "中", "😀", "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\u00e9",
                "\\ud83d\\ude00",
                "\u{7f}", "$", ".", "\\b", "\\f", "\\r", "\\t",
            ])
        }
        if chance(40) { text += String(repeating: "x", count: oneOf([500, 512, 513, 5_000])) }
        return text + "\""
    }

    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }

    private mutating func oneOf<Choice>(_ choices: [Choice]) -> Choice { choices.randomElement(using: &random)! }
}

extension String {
    /// Digits can be added only to a number that has a point and no exponent.
    fileprivate func replacingExponent(of number: String) -> String {
        number.contains("e") || !number.contains(".") ? "" : self
    }
}
