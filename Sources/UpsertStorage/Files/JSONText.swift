/// Appends `bytes` to `output` as a JSON string, quotes included; what is not UTF-8 becomes U+FFFD.
///
/// DEL, U+0080–U+009F and the Unicode line separators are escaped too, so that a line is one line for every reader.
func appendJSONString(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
    output.reserveCapacity(output.count + bytes.count + 2)
    output.append(UInt8(ascii: "\""))
    var at = 0
    while at < bytes.count {
        var end = at
        while unsafe end < bytes.count && isPlain(bytes[end]) { end += 1 }
        if end > at {
            unsafe output.append(contentsOf: bytes[at..<end])
            at = end
            continue
        }
        let byte = unsafe bytes[at]
        if byte < 0x80 {
            appendEscaped(byte, to: &output)
            at += 1
            continue
        }
        let length = unsafe scalarLength(bytes[at...])
        switch length {
        case 0:
            output.append(contentsOf: [0xEF, 0xBF, 0xBD])
            at += 1
        case 2 where unsafe byte == 0xC2 && bytes[at + 1] < 0xA0:
            unsafe appendEscaped(bytes[at + 1], to: &output)
            at += 2
        case 3 where unsafe byte == 0xE2 && bytes[at + 1] == 0x80 && (bytes[at + 2] & 0xFE) == 0xA8:
            output.append(contentsOf: unsafe bytes[at + 2] == 0xA8 ? "\\u2028".utf8 : "\\u2029".utf8)
            at += 3
        default:
            unsafe output.append(contentsOf: bytes[at..<at + length])
            at += length
        }
    }
    output.append(UInt8(ascii: "\""))
}

/// Appends `text` to `output` as a JSON string, quotes included.
func appendJSONString(_ text: String, to output: inout [UInt8]) {
    var text = text
    text.withUTF8 { unsafe appendJSONString(UnsafeRawBufferPointer($0), to: &output) }
}

private func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}

private func appendEscaped(_ byte: UInt8, to output: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\""): output.append(contentsOf: "\\\"".utf8)
    case UInt8(ascii: "\\"): output.append(contentsOf: "\\\\".utf8)
    case UInt8(ascii: "\n"): output.append(contentsOf: "\\n".utf8)
    case UInt8(ascii: "\r"): output.append(contentsOf: "\\r".utf8)
    case UInt8(ascii: "\t"): output.append(contentsOf: "\\t".utf8)
    default: output.append(contentsOf: "\\u00\(hexadecimal(byte))".utf8)
    }
}
