/// JSON string escapes (RFC 8259 §7), read and written.
enum StringEscapes {
    enum Verdict {
        /// All escapes are valid; the decoded string has so many bytes.
        case valid(decodedCount: Int)
        /// No such escape, at this offset.
        case invalid(Int)
        /// Half of a surrogate pair, at this offset.
        case loneSurrogate(Int)
    }

    /// Checks the escapes of a string body that ends in no open escape.
    static func check(_ body: UnsafeRawBufferPointer) -> Verdict {
        var at = 0
        var decoded = 0
        while at < body.count {
            if unsafe body[at] != UInt8(ascii: "\\") {
                at += 1
                decoded += 1
                continue
            }
            guard at + 1 < body.count else { return .invalid(at) }
            let letter = unsafe body[at + 1]
            if letter != UInt8(ascii: "u") {
                if simple(letter) == nil { return .invalid(at) }
                at += 2
                decoded += 1
                continue
            }
            guard let unit = unsafe hexUnit(body, at + 2) else { return .invalid(at) }
            if unit & 0xf800 != 0xd800 {
                decoded += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3
                at += 6
                continue
            }
            guard unit < 0xdc00, let low = unsafe lowSurrogate(body, at + 6), low & 0xfc00 == 0xdc00 else {
                return .loneSurrogate(at)
            }
            decoded += 4
            at += 12
        }
        return .valid(decodedCount: decoded)
    }

    /// Feeds the decoded bytes of a checked string body, one by one.
    @inline(__always)
    static func decode(_ body: UnsafeRawBufferPointer, _ emit: (UInt8) -> Void) {
        var at = 0
        while at < body.count {
            let byte = unsafe body[at]
            if byte != UInt8(ascii: "\\") {
                emit(byte)
                at += 1
                continue
            }
            if let plain = unsafe simple(body[at + 1]) {
                emit(plain)
                at += 2
                continue
            }
            var scalar = unsafe hexUnit(body, at + 2) ?? 0
            at += 6
            if scalar & 0xfc00 == 0xd800 {
                let low = unsafe hexUnit(body, at + 2) ?? 0
                scalar = 0x10000 + (scalar & 0x3ff) << 10 + low & 0x3ff
                at += 6
            }
            encode(scalar, emit)
        }
    }

    /// Appends one decoded byte to a JSON string, escaped only where the grammar demands it.
    @inline(__always)
    static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
        if byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") {
            bytes.append(byte)
        } else {
            appendEscape(byte, to: &bytes)
        }
    }

    /// Appends bytes of UTF-8 as a JSON string with its quotes.
    static func appendString(_ text: some Sequence<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text { append(byte, to: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    @inline(never)
    private static func appendEscape(_ byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0c: bytes.append(UInt8(ascii: "f"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        default:
            bytes.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
            bytes.append(hexDigit(byte >> 4))
            bytes.append(hexDigit(byte & 15))
        }
    }

    /// The lowercase hexadecimal digit of a value 0…15.
    static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    /// The decoded bytes of a string's text between its quotes, as stored records hold it: valid escapes only.
    static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        unsafe text.withUnsafeBytes { text in
            guard case .valid = unsafe check(text) else { return }
            unsafe decode(text) { bytes.append($0) }
        }
        return bytes
    }

    /// The byte that a one-letter escape stands for; nil when there is no such escape.
    static func simple(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "r"): 0x0d
        default: nil
        }
    }

    /// The value of a hexadecimal digit; nil for anything else.
    static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func hexUnit(_ body: UnsafeRawBufferPointer, _ at: Int) -> UInt32? {
        guard at + 4 <= body.count else { return nil }
        var unit: UInt32 = 0
        for index in at..<at + 4 {
            guard let digit = unsafe hexValue(body[index]) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private static func lowSurrogate(_ body: UnsafeRawBufferPointer, _ at: Int) -> UInt32? {
        guard at + 6 <= body.count else { return nil }
        guard unsafe body[at] == UInt8(ascii: "\\") && body[at + 1] == UInt8(ascii: "u") else { return nil }
        return unsafe hexUnit(body, at + 2)
    }

    @inline(__always)
    private static func encode(_ scalar: UInt32, _ emit: (UInt8) -> Void) {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: scalar >> shift & 0x3f | 0x80) }
        if scalar < 0x80 {
            emit(UInt8(truncatingIfNeeded: scalar))
        } else if scalar < 0x800 {
            emit(UInt8(truncatingIfNeeded: scalar >> 6 | 0xc0))
            emit(tail(0))
        } else if scalar < 0x10000 {
            emit(UInt8(truncatingIfNeeded: scalar >> 12 | 0xe0))
            emit(tail(6))
            emit(tail(0))
        } else {
            emit(UInt8(truncatingIfNeeded: scalar >> 18 | 0xf0))
            emit(tail(12))
            emit(tail(6))
            emit(tail(0))
        }
    }
}
