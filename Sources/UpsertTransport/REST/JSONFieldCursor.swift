/// A position in a server's JSON; every step is bounds-checked and malformed input ends in nil or false.
struct JSONFieldCursor {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return bytes.isEmpty
        }
    }

    /// Steps over one byte if it is the next one after white space.
    mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard bytes.first == byte else { return false }
        bytes.removeFirst()
        return true
    }

    /// Reads or skips any value.
    mutating func value(depth: Int) -> JSONFields.Value? {
        skipSpace()
        guard depth > 0, let first = bytes.first else { return nil }
        switch first {
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "{"):
            let start = bytes
            return skipContainer(close: UInt8(ascii: "}"), hasKeys: true, depth: depth)
                ? .object(start[..<bytes.startIndex]) : nil
        case UInt8(ascii: "["):
            return skipContainer(close: UInt8(ascii: "]"), hasKeys: false, depth: depth) ? .other : nil
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        default:
            for word in ["true", "false", "null"] where bytes.starts(with: word.utf8) {
                bytes.removeFirst(word.utf8.count)
                return .other
            }
            return nil
        }
    }

    /// Reads a string with its escapes; a lone surrogate becomes U+FFFD.
    mutating func string() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        var units: [UInt16] = []
        var text: [UInt8] = []
        func flush() {
            guard !units.isEmpty else { return }
            text.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
            units.removeAll()
        }
        while let byte = bytes.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                flush()
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let unit = escape() else { return nil }
                // Surrogate pairs come as two escapes.
                units.append(unit)
            case 0..<0x20: return nil
            default:
                flush()
                text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> UInt16? {
        guard let byte = bytes.popFirst() else { return nil }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt16(byte)
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "f"): return 0x0c
        case UInt8(ascii: "n"): return 0x0a
        case UInt8(ascii: "r"): return 0x0d
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "u"):
            guard bytes.count >= 4 else { return nil }
            defer { bytes.removeFirst(4) }
            return UInt16(String(decoding: bytes.prefix(4), as: UTF8.self), radix: 16)
        default: return nil
        }
    }

    private mutating func number() -> JSONFields.Value? {
        let digits = bytes.prefix { byte in
            (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte)
        }
        bytes.removeFirst(digits.count)
        return Double(String(decoding: digits, as: UTF8.self)).map { .number($0) }
    }

    private mutating func skipContainer(close: UInt8, hasKeys: Bool, depth: Int) -> Bool {
        bytes.removeFirst()
        if take(close) { return true }
        repeat {
            if hasKeys { guard string() != nil, take(UInt8(ascii: ":")) else { return false } }
            guard value(depth: depth - 1) != nil else { return false }
        } while take(UInt8(ascii: ","))
        return take(close)
    }

    private mutating func skipSpace() {
        while let byte = bytes.first, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            bytes.removeFirst()
        }
    }
}
