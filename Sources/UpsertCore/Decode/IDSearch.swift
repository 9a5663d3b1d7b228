/// Looks for the id of a record that was refused, so that the refusal can name it.
enum IDSearch {
    /// An id as refusals show it: no longer than a valid one may be; nil when empty.
    static func shown(_ id: [UInt8]) -> String? {
        id.isEmpty ? nil : String(decoding: id.prefix(RecordLimits.idBytesMax), as: UTF8.self)
    }

    /// The first string under `id` or `_id` at the top level, decoded; nil when there is none or what stands before it
    /// is not JSON.
    static func topLevelID(in json: UnsafeRawBufferPointer) -> String? {
        guard var cursor = unsafe JSONCursor(json), cursor.byte(cursor.end - 1) == UInt8(ascii: "}") else { return nil }
        var open = 0
        var wantsKey = false
        while cursor.at < cursor.end {
            switch cursor.current {
            case UInt8(ascii: "{"):
                open += 1
                wantsKey = open == 1
                cursor.at += 1
            case UInt8(ascii: "["):
                open += 1
                cursor.at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                open -= 1
                cursor.at += 1
            case UInt8(ascii: ","):
                wantsKey = open == 1
                cursor.at += 1
            case UInt8(ascii: "\""):
                guard let token = try? cursor.readString() else { return nil }  // no valid string: nothing to name
                let isID = wantsKey && (cursor.equals(token, "id") || cursor.equals(token, "_id"))
                wantsKey = false
                if isID { return stringValue(&cursor) }
            default:
                cursor.at += 1
            }
        }
        return nil
    }

    private static func stringValue(_ cursor: inout JSONCursor) -> String? {
        cursor.skipBlanks()
        guard cursor.current == UInt8(ascii: ":") else { return nil }
        cursor.at += 1
        cursor.skipBlanks()
        guard cursor.current == UInt8(ascii: "\"") else { return nil }
        guard let token = try? cursor.readString() else { return nil }  // as above
        var id: [UInt8] = []
        cursor.appendDecoded(token, to: &id)
        return shown(id)
    }
}
