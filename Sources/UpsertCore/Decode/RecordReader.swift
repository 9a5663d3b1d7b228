/// What ``RecordReader`` made of one record.
package enum ReadResult: Sendable, Equatable {
    /// Valid; its bytes are in the reader's `encoded` and `id`.
    case operation(ReadOperation)
    /// Refused, with the place and the reason.
    case rejected(Rejection)
    /// Nothing but blanks.
    case blank
}

/// What is known of a record besides its own text, as an outbox row's columns say it.
package struct RecordColumns: Sendable, Equatable {
    /// The operation where the record names none.
    package var operation: OperationKind
    /// Raw bytes of the id; a record that has its own must have the same one.
    package var id: [UInt8]?

    package init(operation: OperationKind = .upsert, id: [UInt8]? = nil) {
        self.operation = operation
        self.id = id
    }
}

/// Reads records from JSON, checks them and encodes them for a target, one after another.
///
/// The record path's front half. All scratch memory is reused: in the steady state reading allocates nothing. Not meant
/// to be copied; one reader per thread of work.
package struct RecordReader: Sendable {
    /// The stored form of the last operation, as ``Encoding`` describes it.
    package internal(set) var encoded: [UInt8] = []
    /// The raw bytes of its id.
    package internal(set) var id: [UInt8] = []

    let rules: RecordRules
    var vector = VectorScratch()
    var fields = FieldTable()
    /// Bytes that an id is derived from.
    var content: [UInt8] = []
    /// The namespace last seen, so that a run of records shares one string.
    private var namespace = ""
    private var namespaceBytes: [UInt8] = []
    private var namespaceText: [UInt8] = []
    /// Whether the record being read has an id of its own in ``id``.
    var hasID = false

    /// Bytes that must be readable behind every buffer given to ``read(_:columns:)``, whatever their values.
    package static let paddingBytes = 64

    package init(_ rules: RecordRules) {
        self.rules = rules
    }

    /// Reads one record.
    ///
    /// Takes any bytes; at least ``paddingBytes`` bytes behind the buffer's end must be readable.
    ///
    /// - Parameter columns: What an outbox row says besides; files have none.
    package mutating func read(_ json: UnsafeRawBufferPointer, columns: RecordColumns = RecordColumns()) -> ReadResult {
        guard let cursor = unsafe JSONCursor(json) else { return .blank }
        encoded.removeAll(keepingCapacity: true)
        id.removeAll(keepingCapacity: true)
        hasID = false
        do {
            return .operation(try read(cursor, columns))
        } catch {
            var rejection = error
            rejection.shorten()
            if rejection.id == nil {
                rejection.id = hasID ? IDSearch.shown(id) : unsafe IDSearch.topLevelID(in: json)
            }
            return .rejected(rejection)
        }
    }

    private mutating func read(_ cursor: JSONCursor, _ columns: RecordColumns) throws(Rejection) -> ReadOperation {
        if cursor.current != UInt8(ascii: "{") {
            throw cursor.wrongType("a record", at: "", mustBe: "a JSON object")
        }
        if cursor.byte(cursor.end - 1) != UInt8(ascii: "}") {
            var atEnd = cursor
            atEnd.at = cursor.end
            throw atEnd.malformed("the record does not end in '}'")
        }
        switch rules.api {
        case .vectors: return try readVectorRecord(cursor, columns)
        case .records: return try readTextRecord(cursor, columns)
        }
    }

    /// Makes the deletion of one id, as an outbox row without a record asks for.
    package mutating func delete(id bytes: [UInt8]) -> ReadResult {
        encoded.removeAll(keepingCapacity: true)
        id.removeAll(keepingCapacity: true)
        id.append(contentsOf: bytes)
        hasID = true
        do throws(Rejection) {
            try checkID(at: "/id")
            return .operation(finishDelete(namespace: nil))
        } catch {
            var rejection = error
            rejection.id = IDSearch.shown(bytes)
            return .rejected(rejection)
        }
    }

    // MARK: Shared by both kinds of record

    /// Reads the id at the cursor into ``id``.
    mutating func readID(_ cursor: inout JSONCursor, at pointer: @autoclosure () -> String) throws(Rejection) {
        if cursor.current != UInt8(ascii: "\"") {
            throw cursor.wrongType("id", at: pointer(), mustBe: "a string")
        }
        let token = try cursor.readString()
        cursor.appendDecoded(token, to: &id)
        hasID = true
        try checkID(at: pointer())
    }

    /// Refuses ids that no reading of the service's rules takes.
    private func checkID(at pointer: @autoclosure () -> String) throws(Rejection) {
        var bad: UInt8 = 0
        var hasNull = false
        for byte in id {
            bad |= byte
            if byte == 0 { hasNull = true }
        }
        if bad >= 0x80 { throw Rejection(.idNotASCII, at: pointer(), "Vector ID must be ASCII") }
        if hasNull { throw Rejection(.idNotASCII, at: pointer(), "Vector ID must not contain null character") }
        if id.isEmpty { throw Rejection(.idEmpty, at: pointer(), "id must have 1 to 512 characters, has none") }
        if id.count > RecordLimits.idBytesMax {
            throw Rejection(.idTooLong, at: pointer(), "id must have 1 to 512 characters, has \(id.count)")
        }
    }

    /// Reconciles the record's id with the column's.
    mutating func takeID(from columns: RecordColumns) throws(Rejection) {
        guard let column = columns.id else { return }
        if hasID {
            if id != column {
                throw Rejection(.duplicateField, at: "/id", "the record's id differs from the id column")
            }
            return
        }
        id.append(contentsOf: column)
        hasID = true
        try checkID(at: "/id")
    }

    /// Reads a namespace or null at the cursor; the result shares its storage with the last equal one.
    mutating func readNamespace(_ cursor: inout JSONCursor) throws(Rejection) -> String? {
        if cursor.skipNull() { return nil }
        if cursor.current != UInt8(ascii: "\"") {
            throw cursor.wrongType("namespace", at: "/namespace", mustBe: "a string")
        }
        let token = try cursor.readString()
        namespaceText.removeAll(keepingCapacity: true)
        cursor.appendDecoded(token, to: &namespaceText)
        if namespaceText == namespaceBytes { return namespace }
        switch Namespace.normalised(namespaceText) {
        case .success(let name): namespace = name
        case .failure(let rejection): throw rejection
        }
        namespaceBytes.removeAll(keepingCapacity: true)
        namespaceBytes.append(contentsOf: namespaceText)
        return namespace
    }

    /// Encodes the deletion of ``id``.
    mutating func finishDelete(namespace: String?) -> ReadOperation {
        StoredID.appendDelete(id, rules.encoding, to: &encoded)
        return ReadOperation(kind: .delete, namespace: namespace, idLength: id.count, weight: 0)
    }

    /// Sets ``id`` to the lowercase hexadecimal SHA-256 of ``content``.
    mutating func deriveID() {
        let digest = unsafe content.withUnsafeBytes { unsafe rules.digest($0) }
        for byte in digest {
            id.append(StringEscapes.hexDigit(byte >> 4))
            id.append(StringEscapes.hexDigit(byte & 15))
        }
    }

    /// Refuses a record that alone is larger than a request may be.
    func checkSize(_ kind: OperationKind, weight: Int) throws(Rejection) {
        if let refusal = RecordSize.refusal(encoded.count, weight: weight, kind, rules.encoding) { throw refusal }
    }
}
