/// Stored records as a person or a program would submit them.
package enum RecordRendering {
    /// One line of NDJSON that ``RecordReader`` takes again and that means the same write.
    ///
    /// The namespace is always named, `__default__` where it is empty, so the line may be dropped anywhere. Bytes that
    /// are not in their encoding's form come back as `{"unreadable":"HEX"}`, which no reader takes.
    ///
    /// - Returns: The line without a newline.
    package static func submitted(
        _ stored: ArraySlice<UInt8>, _ kind: OperationKind, _ encoding: Encoding, namespace: String
    ) -> String {
        String(decoding: line(stored, kind, encoding, namespace) ?? unreadable(stored), as: UTF8.self)
    }

    private static func line(
        _ stored: ArraySlice<UInt8>, _ kind: OperationKind, _ encoding: Encoding, _ namespace: String
    ) -> [UInt8]? {
        var line: [UInt8] = []
        line.append(UInt8(ascii: "{"))
        if kind != .upsert { line.append(contentsOf: "\"op\":\"\(kind.name)\",".utf8) }
        line.append(contentsOf: "\"namespace\":".utf8)
        StringEscapes.appendString((namespace.isEmpty ? Namespace.defaultName : namespace).utf8, to: &line)
        line.append(UInt8(ascii: ","))
        switch (kind, encoding) {
        case (.delete, _):
            let id = RecordID.extract(from: stored, .delete, encoding)
            if id.isEmpty { return nil }
            line.append(contentsOf: "\"id\":".utf8)
            StringEscapes.appendString(id, to: &line)
            line.append(UInt8(ascii: "}"))
        case (_, .ndjson):
            guard stored.last == UInt8(ascii: "\n") else { return nil }
            line.append(contentsOf: "\"record\":".utf8)
            line.append(contentsOf: stored.dropLast())
            line.append(UInt8(ascii: "}"))
        case (_, .json):
            let object = kind == .upsert ? stored.dropLast() : stored
            guard object.first == UInt8(ascii: "{"), object.last == UInt8(ascii: "}") else { return nil }
            line.append(contentsOf: object.dropFirst())
        case (_, .protobuf), (_, .packed):
            guard let json = Transcode.json(protobuf: stored, kind) else { return nil }
            return self.line(json[...], kind, .json, namespace)
        }
        return line
    }

    private static func unreadable(_ stored: ArraySlice<UInt8>) -> [UInt8] {
        var line: [UInt8] = Array("{\"unreadable\":\"".utf8)
        for byte in stored {
            line.append(StringEscapes.hexDigit(byte >> 4))
            line.append(StringEscapes.hexDigit(byte & 15))
        }
        line.append(contentsOf: "\"}".utf8)
        return line
    }
}
