/// Percent-decoding of paths and queries (RFC 3986 §2.1).
enum PercentCoding {
    /// The decoded text; nil if an escape is broken or the result is not UTF-8.
    ///
    /// - Parameter plusIsSpace: As in queries written by HTML forms and the official SDK.
    static func decode(_ text: Substring, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = digit(rest.popFirst()), let low = digit(rest.popFirst()) else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let byte) where (0x30...0x39).contains(byte): byte - 0x30
        case .some(let byte) where (0x41...0x46).contains(byte): byte - 0x41 + 10
        case .some(let byte) where (0x61...0x66).contains(byte): byte - 0x61 + 10
        default: nil
        }
    }

    /// The `name=value` pairs of a query, in order; a broken escape is an invalid argument.
    static func pairs(_ query: Substring) throws -> [(name: String, value: String)] {
        try query.split(separator: "&").map { pair in
            let name = pair.prefix { $0 != "=" }
            let value = pair.dropFirst(name.count + 1)
            guard let name = decode(name, plusIsSpace: true), let value = decode(value, plusIsSpace: true) else {
                throw ServiceError.invalid("Malformed query parameter")
            }
            return (name, value)
        }
    }
}
