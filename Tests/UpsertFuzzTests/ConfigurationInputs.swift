import UpsertTestSupport

/// Makes configuration files from the kept ones by what editors and people do to them.
struct ConfigurationInputs {
    var random: TestRandom
    let kept: [[UInt8]]

    mutating func next() -> String {
        var lines = String(decoding: kept.randomElement(using: &random) ?? [], as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for _ in 0..<Int.random(in: 0...4, using: &random) { edit(&lines) }
        var text = lines.joined(separator: "\n")
        if Int.random(in: 0..<6, using: &random) == 0 {
            let at = text.indices.randomElement(using: &random) ?? text.endIndex
            text.insert(contentsOf: Self.pieces.randomElement(using: &random)!, at: at)
        }
        return text
    }

    private mutating func edit(_ lines: inout [String]) {
        guard let at = lines.indices.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<7, using: &random) {
        case 0: lines.remove(at: at)
        case 1: lines.insert(lines[at], at: at)
        case 2: lines.swapAt(at, lines.indices.randomElement(using: &random)!)
        case 3: lines[at] = [" ", "  ", "\t"].randomElement(using: &random)! + lines[at]
        case 4: lines[at] = String(lines[at].drop { $0 == " " || $0 == "#" })
        default:
            guard let colon = lines[at].firstIndex(of: ":") else { return }
            lines[at] = lines[at][...colon] + " " + Self.values.randomElement(using: &random)!
        }
    }

    private static let values = [
        "", "~", "null", "0", "-1", "1", "99999999999999999999", "1e999", ".inf", ".nan", "0x10", "0o17", "true", "yes",
        "\"\"", "''", "[]", "{}", "[1, 2]", "{a: b}", "2s", "-2s", "99999999999999h", "1ms", "64MiB", "9999999TiB",
        "main",
        "/var/x", "https://a.example", "http://a.example:99999", "&a b", "*a", "!!binary aGk=", "!!int \"3\"", "|", ">",
        "|\n  text", "\"\\u0000\"", "\"\\ud800\"", "é", "%", "@", "`", "? x", "- x", "<<: *a", "2026-11-28",
    ]
    private static let pieces = [
        "\u{feff}", "\0", "\t", "\r", "\u{85}", "\u{2028}", "&", "*", "!", "%", "---\n", "...\n", "? ", "[", "{", "\"",
        "'",
        "&a [*a]", "<<: ", ": ", "- ", "#", "\u{ffff}", "\u{7f}", "\\", "  ", "\n",
    ]
}
