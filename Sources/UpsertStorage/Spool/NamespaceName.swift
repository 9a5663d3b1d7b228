internal import UpsertCore

/// How a namespace is written as the name of a directory: percent-encoded.
package enum NamespaceName {
    /// The word that stands for the empty (default) namespace.
    static let defaultWord = "__default__"

    /// The namespace that a directory's name stands for; `__default__` is the empty one.
    ///
    /// - Returns: nil where a `%` is not followed by two hexadecimal digits, or the result is not 1…512 ASCII characters
    ///   without NUL.
    package static func decoded(_ name: PathBytes) -> String? {
        var decoded: [UInt8] = []
        var rest = name.bytes[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                decoded.append(high << 4 | low)
            } else {
                decoded.append(byte)
            }
        }
        guard decoded.allSatisfy({ $0 != 0 && $0 < 0x80 }) else { return nil }
        guard (1...RecordLimits.namespaceBytesMax).contains(decoded.count) else { return nil }
        let text = String(decoding: decoded, as: UTF8.self)
        return text == defaultWord ? "" : text
    }

    /// The one canonical directory name of a namespace: every byte but `A-Z a-z 0-9 _ -`, and `.` after the first, is
    /// encoded, in upper case; the empty namespace is `__default__`.
    package static func encoded(_ namespace: String) -> PathBytes {
        if namespace.isEmpty { return PathBytes(defaultWord) }
        var encoded: [UInt8] = []
        for byte in namespace.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                encoded.append(byte)
            case UInt8(ascii: ".") where !encoded.isEmpty:
                encoded.append(byte)
            default:
                encoded.append(UInt8(ascii: "%"))
                encoded.append(contentsOf: hexadecimal(byte).uppercased().utf8)
            }
        }
        return PathBytes(encoded)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
