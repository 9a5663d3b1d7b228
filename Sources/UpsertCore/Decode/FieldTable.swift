/// The metadata of the record being read (or the fields of a text record), in both forms it may be stored in.
///
/// Reused from record to record: in the steady state nothing is allocated. Null values are stripped, as the server does.
struct FieldTable {
    struct Entry {
        /// The decoded key in ``keys``.
        var key: Range<Int>
        /// `"key":value` in ``json``.
        var json: Range<Int>
        /// The whole `Struct.fields` entry with tag and length in ``protobuf``.
        var protobuf: Range<Int>
        /// The value where it is a number: JSON text cannot be trusted to be canonical.
        var number: Double?
    }

    private(set) var entries: [Entry] = []
    private(set) var keys: [UInt8] = []
    private(set) var json: [UInt8] = []
    private(set) var protobuf: [UInt8] = []
    /// One list value being encoded, since its length comes first.
    private var list: [UInt8] = []
    /// Whether the entries are in ascending byte order of their keys, each key once.
    private var isSorted = true

    /// Bytes of the entries as one compact JSON object.
    var jsonCount: Int { entries.isEmpty ? 2 : entries.reduce(1) { $0 + $1.json.count + 1 } }
    /// Bytes at most of the entries as JSON written from their protobuf form, where numbers get their canonical text.
    ///
    /// That is longer than the producer's only where this has an exponent, and then by at most 25 bytes; an "e" of the key
    /// counts for one.
    var writtenJSONMax: Int {
        let exponents = entries.count { entry in
            entry.number != nil && json[entry.json].contains { $0 | 0x20 == UInt8(ascii: "e") }
        }
        return jsonCount + 25 * exponents
    }
    /// Bytes of the entries as one protobuf `Struct`.
    var protobufCount: Int { entries.reduce(0) { $0 + $1.protobuf.count } }

    mutating func removeAll() {
        entries.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        json.removeAll(keepingCapacity: true)
        protobuf.removeAll(keepingCapacity: true)
        isSorted = true
    }

    /// Reads a metadata object at the cursor; what was read before goes.
    ///
    /// - Parameter field: The field's own name, for the pointer.
    mutating func readObject(_ cursor: inout JSONCursor, field: FieldName) throws(Rejection) {
        removeAll()
        if cursor.current != UInt8(ascii: "{") {
            throw cursor.wrongType(field.text, at: "/\(field.text)", mustBe: "an object")
        }
        cursor.depth = 1
        try readFields(&cursor, under: "/\(field.text)")
        cursor.depth = 0
    }

    /// Reads the fields of the object at the cursor and sorts them.
    mutating func readFields(
        _ cursor: inout JSONCursor, under parent: @autoclosure () -> String
    ) throws(Rejection) {
        if try cursor.openObject() {
            repeat {
                let key = try cursor.readKey()
                try readEntry(key, &cursor, under: parent())
            } while try cursor.hasNextField()
        }
        if !isSorted { sortByBytes() }
    }

    /// Reads the value at the cursor and adds it under `key`.
    ///
    /// - Parameter parent: Pointer of the object that holds the field.
    mutating func readEntry(
        _ key: StringToken, _ cursor: inout JSONCursor, under parent: @autoclosure () -> String
    ) throws(Rejection) {
        if cursor.skipNull() { return }
        if key.decodedCount > 0, startsWithDollar(key, cursor) {
            let name = cursor.text(key)
            throw Rejection(
                .metadataKey, at: parent() + JSONPointer.step(name), "Metadata field '\(name)' cannot start with '$'")
        }
        let keyStart = keys.count
        cursor.appendDecoded(key, to: &keys)
        let jsonStart = json.count
        cursor.appendMinimal(key, to: &json)
        json.append(UInt8(ascii: ":"))
        let protobufStart = protobuf.count
        var number: Double?
        switch cursor.current {
        case UInt8(ascii: "\""): try readText(key, &cursor)
        case UInt8(ascii: "["): try readList(key, &cursor, under: parent)
        case UInt8(ascii: "t"), UInt8(ascii: "f"): try readBool(key, &cursor)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            number = try readNumber(key, &cursor, under: parent)
        case UInt8(ascii: "{"): throw MetadataValue.refusal(cursor, from: cursor.at, key, under: parent())
        default: throw cursor.malformed("expected a value")
        }
        let entry = Entry(
            key: keyStart..<keys.count, json: jsonStart..<json.count, protobuf: protobufStart..<protobuf.count,
            number: number)
        if isSorted, let last = entries.last { isSorted = isLess(last, entry) }
        entries.append(entry)
    }

    private func startsWithDollar(_ key: StringToken, _ cursor: JSONCursor) -> Bool {
        if !key.escaped { return cursor.byte(key.start) == UInt8(ascii: "$") }
        return cursor.text(key).utf8.first == UInt8(ascii: "$")
    }

    // MARK: Values

    /// Writes the entry up to and without its value: entry length, key, value length.
    private mutating func beginEntry(_ key: StringToken, _ cursor: JSONCursor, valueCount: Int) {
        let keyCount = key.decodedCount
        // An empty key is left out, as the vendor's SDK does: it is the default value.
        let keyField = keyCount == 0 ? 0 : Protobuf.fieldCount(keyCount)
        protobuf.append(0x0a)
        Protobuf.appendVarint(keyField + Protobuf.fieldCount(valueCount), to: &protobuf)
        if keyCount > 0 {
            protobuf.append(0x0a)
            Protobuf.appendVarint(keyCount, to: &protobuf)
            cursor.appendDecoded(key, to: &protobuf)
        }
        protobuf.append(0x12)
        Protobuf.appendVarint(valueCount, to: &protobuf)
    }

    private mutating func readText(_ key: StringToken, _ cursor: inout JSONCursor) throws(Rejection) {
        let value = try cursor.readString()
        cursor.appendMinimal(value, to: &json)
        beginEntry(key, cursor, valueCount: 1 + Protobuf.varintCount(value.decodedCount) + value.decodedCount)
        protobuf.append(0x1a)
        Protobuf.appendVarint(value.decodedCount, to: &protobuf)
        cursor.appendDecoded(value, to: &protobuf)
    }

    private mutating func readBool(_ key: StringToken, _ cursor: inout JSONCursor) throws(Rejection) {
        guard let value = cursor.readBool() else { throw cursor.malformed("expected a value") }
        json.append(contentsOf: value ? "true".utf8 : "false".utf8)
        beginEntry(key, cursor, valueCount: 2)
        protobuf.append(0x20)
        protobuf.append(value ? 1 : 0)
    }

    private mutating func readNumber(
        _ key: StringToken, _ cursor: inout JSONCursor, under parent: () -> String
    ) throws(Rejection) -> Double {
        let start = cursor.at
        let number = try cursor.readNumber()
        let text = unsafe cursor.bytes(start, cursor.at - start)
        let value = unsafe DecimalDouble.value(number, text: text)
        if !value.isFinite {
            throw Rejection(
                .notFinite, at: parent() + JSONPointer.step(cursor.text(key)), "number is too large for a double")
        }
        unsafe json.append(contentsOf: text)
        beginEntry(key, cursor, valueCount: 9)
        protobuf.append(0x11)
        Protobuf.appendFixed64(value.bitPattern, to: &protobuf)
        return value
    }

    private mutating func readList(
        _ key: StringToken, _ cursor: inout JSONCursor, under parent: () -> String
    ) throws(Rejection) {
        let start = cursor.at
        list.removeAll(keepingCapacity: true)
        json.append(UInt8(ascii: "["))
        cursor.at += 1
        cursor.skipBlanks()
        var isFirst = true
        while cursor.current != UInt8(ascii: "]") {
            if cursor.current != UInt8(ascii: "\"") {
                throw MetadataValue.refusal(cursor, from: start, key, under: parent())
            }
            let element = try cursor.readString()
            if !isFirst { json.append(UInt8(ascii: ",")) }
            isFirst = false
            cursor.appendMinimal(element, to: &json)
            list.append(0x0a)
            Protobuf.appendVarint(
                1 + Protobuf.varintCount(element.decodedCount) + element.decodedCount, to: &list)
            list.append(0x1a)
            Protobuf.appendVarint(element.decodedCount, to: &list)
            cursor.appendDecoded(element, to: &list)
            cursor.skipBlanks()
            if cursor.current == UInt8(ascii: "]") { break }
            if cursor.current != UInt8(ascii: ",") { throw cursor.malformed("expected ',' or ']' in a list") }
            cursor.at += 1
            cursor.skipBlanks()
            if cursor.current == UInt8(ascii: "]") { throw cursor.malformed("expected a value after ','") }
        }
        cursor.at += 1
        json.append(UInt8(ascii: "]"))
        beginEntry(key, cursor, valueCount: 1 + Protobuf.varintCount(list.count) + list.count)
        protobuf.append(0x32)
        Protobuf.appendVarint(list.count, to: &protobuf)
        protobuf.append(contentsOf: list)
    }

    // MARK: Order

    private func isLess(_ left: Entry, _ right: Entry) -> Bool {
        var first = left.key.lowerBound
        var second = right.key.lowerBound
        while first < left.key.upperBound && second < right.key.upperBound {
            if keys[first] != keys[second] { return keys[first] < keys[second] }
            first += 1
            second += 1
        }
        return left.key.count < right.key.count
    }

    private func isSame(_ left: Entry, _ right: Entry) -> Bool {
        left.key.count == right.key.count && keys[left.key].elementsEqual(keys[right.key])
    }

    /// Puts the keys in byte order; of equal keys the one that came last stays.
    private mutating func sortByBytes() {
        var ordered: [Entry] = []
        swap(&ordered, &entries)  // sorts in place, without a copy
        // The key's place in the input breaks ties, so the order is total and the sort need not be stable.
        ordered.sort { isLess($0, $1) || !isLess($1, $0) && $0.key.lowerBound < $1.key.lowerBound }
        var kept = 0
        for index in ordered.indices {
            if kept > 0, isSame(ordered[kept - 1], ordered[index]) { kept -= 1 }
            ordered[kept] = ordered[index]
            kept += 1
        }
        ordered.removeLast(ordered.count - kept)
        swap(&ordered, &entries)
        isSorted = true
    }

    // MARK: Output

    /// Appends the entries as a compact JSON object.
    func appendJSON(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        appendFields(to: &bytes, after: false)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Appends the entries as `"key":value` with commas between them.
    ///
    /// - Parameter after: Whether a field stands before them already, so that a comma is needed first.
    func appendFields(to bytes: inout [UInt8], after: Bool) {
        var needsComma = after
        for entry in entries {
            if needsComma { bytes.append(UInt8(ascii: ",")) }
            needsComma = true
            bytes.append(contentsOf: json[entry.json])
        }
    }

    /// Appends the entries as the content of a protobuf `Struct`.
    func appendProtobuf(to bytes: inout [UInt8]) {
        for entry in entries { bytes.append(contentsOf: protobuf[entry.protobuf]) }
    }

    /// A key that occurs twice; nil when all differ.
    func duplicateKey() -> String? {
        if isSorted { return nil }
        if entries.count <= 24 {  // nearly always: no copy then
            for (index, entry) in entries.enumerated() {
                for earlier in entries[..<index] where isSame(earlier, entry) {
                    return String(decoding: keys[entry.key], as: UTF8.self)
                }
            }
            return nil
        }
        let ordered = entries.sorted { isLess($0, $1) }
        for (left, right) in zip(ordered, ordered.dropFirst()) where isSame(left, right) {
            return String(decoding: keys[left.key], as: UTF8.self)
        }
        return nil
    }
}
