/// The server's way of refusing a metadata value of the wrong type.
enum MetadataValue {
    /// Bytes of the offending value that the message shows.
    private static let shownBytesMax = 16

    /// The refusal of the value that begins at `start`, in the server's words.
    ///
    /// Source: Pinecone Python SDK 10.2 `_internal/vector_factory.py`, which mirrors the server: compact JSON cut to 16
    /// bytes of UTF-8 and `...`, whole numbers shown as `10.0`.
    @inline(never)
    static func refusal(
        _ cursor: JSONCursor, from start: Int, _ key: StringToken, under parent: String
    ) -> Rejection {
        let name = cursor.text(key)
        return Rejection(
            .metadataType, at: parent + JSONPointer.step(name),
            "Metadata value must be a string, number, boolean or list of strings, got '\(shown(cursor, start))'"
                + " for field '\(name)'")
    }

    /// The value as compact JSON, cut. Stops as soon as enough is known, so nesting and length do not matter.
    private static func shown(_ cursor: JSONCursor, _ start: Int) -> String {
        var cursor = cursor
        cursor.at = start
        var shown: [UInt8] = []
        var open = 0
        repeat {
            switch cursor.current {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open += 1
                shown.append(cursor.current)
                cursor.at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                open -= 1
                shown.append(cursor.current)
                cursor.at += 1
            case UInt8(ascii: "\""):
                guard let token = try? cursor.readString() else { return cut(shown) }  // malformed: show what is there
                cursor.appendMinimal(token, to: &shown)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let begin = cursor.at
                guard let number = try? cursor.readNumber() else { return cut(shown) }  // as above
                unsafe shown.append(contentsOf: cursor.bytes(begin, cursor.at - begin))
                if number.integral { shown.append(contentsOf: ".0".utf8) }
            default:
                if !JSONCursor.isBlank(cursor.current) { shown.append(cursor.current) }
                cursor.at += 1
            }
        } while open > 0 && shown.count <= shownBytesMax && cursor.at < cursor.end
        return cut(shown)
    }

    private static func cut(_ bytes: [UInt8]) -> String {
        if bytes.count <= shownBytesMax { return String(decoding: bytes, as: UTF8.self) }
        var count = shownBytesMax
        while count > 0 && bytes[count] & 0xc0 == 0x80 { count -= 1 }
        return String(decoding: bytes[..<count], as: UTF8.self) + "..."
    }
}
