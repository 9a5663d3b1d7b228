/// `bytes` safe to print on one line: text stays, everything that could forge or hide output is escaped.
///
/// Escaped as `\xHH` a byte: what is not UTF-8, control characters, line separators, and the marks that change writing
/// direction or have no width (U+200B–U+200F, U+202A–U+202E, U+2060–U+206F, U+FEFF). A backslash becomes two.
package func printable(_ bytes: [UInt8]) -> String {
    var output = ""
    var at = 0
    while at < bytes.count {
        let length = scalarLength(bytes[at...])
        guard length > 0 else {
            appendEscaped(bytes[at...at], to: &output)
            at += 1
            continue
        }
        let character = bytes[at..<at + length]
        at += length
        let text = String(decoding: character, as: UTF8.self)
        if text == "\\" {
            output += "\\\\"
        } else if let scalar = text.unicodeScalars.first, isDeceptive(scalar) {
            appendEscaped(character, to: &output)
        } else {
            output += text
        }
    }
    return output
}

/// Bytes of the well-formed UTF-8 scalar at the start of `bytes`, 1…4; 0 where there is none.
///
/// Source: the Unicode Standard, table 3-7.
func scalarLength<Bytes: RandomAccessCollection>(_ bytes: Bytes) -> Int
where Bytes.Element == UInt8, Bytes.Index == Int {
    guard let first = bytes.first else { return 0 }
    func continues(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
        offset < bytes.count && range.contains(bytes[bytes.startIndex + offset])
    }
    switch first {
    case 0x00...0x7F: return 1
    case 0xC2...0xDF: return continues(1) ? 2 : 0
    case 0xE0: return continues(1, 0xA0...0xBF) && continues(2) ? 3 : 0
    case 0xED: return continues(1, 0x80...0x9F) && continues(2) ? 3 : 0
    case 0xE1...0xEF: return continues(1) && continues(2) ? 3 : 0
    case 0xF0: return continues(1, 0x90...0xBF) && continues(2) && continues(3) ? 4 : 0
    case 0xF1...0xF3: return continues(1) && continues(2) && continues(3) ? 4 : 0
    case 0xF4: return continues(1, 0x80...0x8F) && continues(2) && continues(3) ? 4 : 0
    default: return 0
    }
}

private func isDeceptive(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0...0x1F, 0x7F...0x9F, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: true
    default: false
    }
}

private func appendEscaped(_ bytes: ArraySlice<UInt8>, to output: inout String) {
    for byte in bytes { output += "\\x" + hexadecimal(byte) }
}

/// Two lowercase hexadecimal digits.
func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
}

extension PathBytes {
    /// Quotes only where needed; names with bytes that a terminal should not see use the `$'…'` form of POSIX 2024.
    static func shellWord(_ bytes: [UInt8]) -> String {
        let plain = bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/._-+,:@%=".utf8.contains(byte)
            }
        }
        if plain, let first = bytes.first, first != UInt8(ascii: "-") { return String(decoding: bytes, as: UTF8.self) }
        let text = printable(bytes)
        if Array(text.utf8) == bytes {
            return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        }
        let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
        return "$'" + quoted + "'"
    }
}
