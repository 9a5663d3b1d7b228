/// A `.json` file that is refused as a whole, and where.
package struct BodyFailure: Error, Sendable, Equatable {
    /// Why, with the pointer to the top-level key where there is one.
    package var rejection: Rejection
    /// Byte in the file, from 0.
    package var offset: Int
    /// Line in the file, from 1.
    package var line: Int
}

/// Splits a `.json` file into its records in bounded memory: the body of a Pinecone upsert request,
/// `{"vectors":[…],"namespace":"…"}` with its keys in any order, or an array of records.
///
/// A state machine fed with one buffer after the other, wherever they are cut. It checks the whole document against the
/// JSON grammar (RFC 8259, depth at most 64), so the file is fed twice: once to know that it is sound and which namespace
/// it names, once for its elements. Elements are not looked into; ``RecordReader`` judges each. Memory is a few hundred
/// bytes and the longest of namespace and top-level key, both bounded.
package struct BodyScanner: Sendable {
    /// One element of the array: a record, if it is an object.
    package struct Element: Sendable, Equatable {
        /// Absolute offset of its first byte.
        package var start: Int
        /// Absolute offset behind its last byte.
        package var end: Int
        /// Line of its first byte, from 1.
        package var line: Int
    }

    /// What a sound document says of itself.
    package struct Structure: Sendable, Equatable {
        /// The namespace it names, normalised; nil where it names none.
        package var namespace: String?
        /// Elements, including those that are no valid records.
        package var elements: Int
    }

    enum State: UInt8 {
        case value, firstElement, firstKey, key, colon, afterValue, string, escape, hexadecimal, number, literal, done
    }

    /// What the top-level field being read is for.
    private enum Role: UInt8 { case none, vectors, namespace }

    var state = State.value
    /// Offset of the next byte.
    package internal(set) var offset = 0
    /// Line of the next byte, from 1.
    package internal(set) var line = 1
    /// Offset of the current buffer's first byte.
    private var bufferStart = 0
    /// Open containers, innermost in the lowest bit; 1 is an object.
    private var containers: UInt64 = 0
    private var depth = 0
    /// Depth inside the array of elements; 0 until it is found.
    private var elementDepth = 0
    private var isElementOpen = false
    private var elementStart = 0
    private var elementLine = 0
    private var elements = 0
    private var role = Role.none
    private var hasVectors = false
    private var hasNamespace = false
    private var namespace: String?
    /// Whether the string being read is a field's name.
    var isKey = false
    var string = StringState()
    var number = NumberState.start
    /// Letters of a literal still to come, the next one lowest.
    private var letters: UInt64 = 0

    package init() {}

    /// Reads on until an element ends.
    ///
    /// - Parameter buffer: The bytes that follow the last buffer's; the same one again until it is used up.
    /// - Returns: The element; nil when the buffer is used up.
    /// - Throws: When the document is not JSON, or neither of the two forms. The scanner is of no use then.
    package mutating func next(in buffer: UnsafeRawBufferPointer) throws(BodyFailure) -> Element? {
        var at = offset - bufferStart
        while at < buffer.count {
            // Most of a file is arrays of numbers inside elements.
            if isElementOpen && containers & 1 == 0 && (state == .value || state == .firstElement) {
                unsafe skipNumbers(buffer, &at)
            }
            let isElementEnd = unsafe try step(buffer, &at)
            offset = bufferStart + at
            if isElementEnd {
                elements += 1
                return Element(start: elementStart, end: offset, line: elementLine)
            }
        }
        bufferStart = offset
        return nil
    }

    /// Says that there is no more.
    ///
    /// - Throws: When the document ends early, or has no `vectors`.
    package func finish() throws(BodyFailure) -> Structure {
        if state != .done { throw malformed("the file ends inside the document") }
        if elementDepth == 0 {
            throw failure(Rejection(.missingField, at: "/vectors", "an upsert body needs vectors"))
        }
        return Structure(namespace: namespace, elements: elements)
    }

    // MARK: The machine

    /// Consumes at least one byte, or changes state.
    ///
    /// - Returns: Whether an element ends behind the last byte consumed.
    @inline(__always)
    private mutating func step(_ buffer: UnsafeRawBufferPointer, _ at: inout Int) throws(BodyFailure) -> Bool {
        switch state {
        case .string, .escape, .hexadecimal:
            if unsafe try scanString(buffer, &at) { return try stringEnded(at) }
            return false
        case .number:
            if unsafe try scanNumber(buffer, &at) { return valueEnded() }
            return false
        case .literal:
            return unsafe try scanLiteral(buffer[at], &at)
        default: break
        }
        let byte = unsafe buffer[at]
        if byte <= 0x20 {
            guard JSONCursor.isBlank(byte) else { throw malformed("unexpected byte", at) }
            if byte == UInt8(ascii: "\n") { line += 1 }
            at += 1
            return false
        }
        return try token(byte, &at)
    }

    private mutating func token(_ byte: UInt8, _ at: inout Int) throws(BodyFailure) -> Bool {
        switch state {
        case .firstElement where byte == UInt8(ascii: "]"):
            at += 1
            return close()
        case .value, .firstElement: try beginValue(byte, &at)
        case .firstKey where byte == UInt8(ascii: "}"):
            at += 1
            return close()
        case .firstKey, .key:
            guard byte == UInt8(ascii: "\"") else { throw malformed("expected a field name in double quotes", at) }
            at += 1
            isKey = true
            beginString(keeping: depth == 1 ? Self.keyBytesMax : 0)
        case .colon:
            guard byte == UInt8(ascii: ":") else { throw malformed("expected ':' after a field name", at) }
            at += 1
            state = .value
        case .afterValue: return try afterValue(byte, &at)
        default: throw malformed("unexpected text after the document", at)
        }
        return false
    }

    private mutating func afterValue(_ byte: UInt8, _ at: inout Int) throws(BodyFailure) -> Bool {
        let isObject = containers & 1 == 1
        if byte == UInt8(ascii: ",") {
            at += 1
            state = isObject ? .key : .value
            return false
        }
        guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
            throw malformed(isObject ? "expected ',' or '}' after a value" : "expected ',' or ']' after a value", at)
        }
        at += 1
        return close()
    }

    private mutating func beginValue(_ byte: UInt8, _ at: inout Int) throws(BodyFailure) {
        if depth <= 2 { try admit(byte, at) }
        switch byte {
        case UInt8(ascii: "{"): try open(isObject: true, at)
        case UInt8(ascii: "["): try open(isObject: false, at)
        case UInt8(ascii: "\""):
            isKey = false
            beginString(keeping: role == .namespace && depth == 1 ? Self.namespaceTextMax : 0)
        case UInt8(ascii: "-"):
            number = .start
            state = .number
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            number = .start
            state = .number
            return  // the digit itself is the number's business
        case UInt8(ascii: "t"): begin(literal: 0x65_7572)
        case UInt8(ascii: "f"): begin(literal: 0x6573_6c61)
        case UInt8(ascii: "n"): begin(literal: 0x6c_6c75)
        default: throw malformed("expected a value", at)
        }
        at += 1
    }

    private mutating func begin(literal rest: UInt64) {
        letters = rest
        state = .literal
    }

    private mutating func scanLiteral(_ byte: UInt8, _ at: inout Int) throws(BodyFailure) -> Bool {
        guard UInt64(byte) == letters & 0xff else { throw malformed("expected a value", at) }
        at += 1
        letters >>= 8
        return letters == 0 ? valueEnded() : false
    }

    private mutating func open(isObject: Bool, _ at: Int) throws(BodyFailure) {
        if depth == RecordLimits.depthMax { throw malformed("nested deeper than \(RecordLimits.depthMax) levels", at) }
        depth += 1
        containers = containers << 1 | (isObject ? 1 : 0)
        state = isObject ? .firstKey : .firstElement
    }

    private mutating func close() -> Bool {
        depth -= 1
        containers >>= 1
        return valueEnded()
    }

    private mutating func valueEnded() -> Bool {
        state = depth == 0 ? .done : .afterValue
        guard isElementOpen, depth == elementDepth else { return false }
        isElementOpen = false
        return true
    }

    // MARK: The two forms

    /// Bytes of a top-level key that are kept; a longer one is unknown anyway.
    private static let keyBytesMax = 64
    /// Bytes of a namespace's text that are kept: 512 characters, each written as `\u00xx`.
    private static let namespaceTextMax = 6 * RecordLimits.namespaceBytesMax

    /// Judges a value that begins at the top of the document.
    private mutating func admit(_ byte: UInt8, _ at: Int) throws(BodyFailure) {
        if elementDepth > 0 && depth == elementDepth {
            isElementOpen = true
            elementStart = bufferStart + at
            elementLine = line
            return
        }
        if depth == 0 {
            if byte == UInt8(ascii: "[") {
                elementDepth = 1
            } else if byte != UInt8(ascii: "{") {
                throw failure(
                    Rejection(.wrongType, "a .json file is an upsert body or an array of records"), at)
            }
            return
        }
        guard depth == 1 && elementDepth != 1 else { return }
        switch role {
        case .vectors:
            guard byte == UInt8(ascii: "[") else {
                throw failure(Rejection(.wrongType, at: "/vectors", "vectors must be an array"), at)
            }
            elementDepth = 2
        case .namespace:
            guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "n") else {
                throw failure(Rejection(.wrongType, at: "/namespace", "namespace must be a string"), at)
            }
        default: break
        }
    }

    /// Takes a string that has just ended: a key, or the namespace.
    private mutating func stringEnded(_ at: Int) throws(BodyFailure) -> Bool {
        if !isKey {
            if depth == 1 && role == .namespace && elementDepth != 1 { try takeNamespace(at) }
            return valueEnded()
        }
        state = .colon
        if depth == 1 { try takeKey(at) }
        return false
    }

    private mutating func takeKey(_ at: Int) throws(BodyFailure) {
        let key = string.isCut ? string.kept : StringEscapes.decoded(string.kept[...])
        let name = String(decoding: key, as: UTF8.self)
        switch name {
        case "vectors":
            if hasVectors { throw duplicate(name, at) }
            hasVectors = true
            role = .vectors
        case "namespace":
            if hasNamespace { throw duplicate(name, at) }
            hasNamespace = true
            role = .namespace
        default:
            let hint =
                FieldName.allCases.contains { $0.text == name }
                ? " (a single record belongs in a .ndjson file)"
                : FieldGuess.hint(name, among: ["vectors", "namespace"])
            throw failure(
                Rejection(
                    .unknownField, at: JSONPointer.step(name), "unknown field \"\(name)\" in an upsert body" + hint),
                at)
        }
    }

    private func duplicate(_ name: String, _ at: Int) -> BodyFailure {
        failure(Rejection(.duplicateField, at: "/" + name, "field \"\(name)\" appears twice"), at)
    }

    private mutating func takeNamespace(_ at: Int) throws(BodyFailure) {
        switch Namespace.normalised(StringEscapes.decoded(string.kept[...])) {
        case .success(let name) where !string.isCut: namespace = name
        case .success:
            throw failure(
                Rejection(
                    .namespaceInvalid, at: "/namespace",
                    "namespace must have at most \(RecordLimits.namespaceBytesMax) characters"), at)
        case .failure(let rejection): throw failure(rejection, at)
        }
    }

    // MARK: Failures

    func malformed(_ what: String, _ at: Int? = nil) -> BodyFailure {
        let place = at.map { bufferStart + $0 } ?? offset
        return BodyFailure(
            rejection: Rejection(.malformed, "malformed JSON at byte \(place), line \(line): \(what)"), offset: place,
            line: line)
    }

    private func failure(_ rejection: Rejection, _ at: Int? = nil) -> BodyFailure {
        BodyFailure(rejection: rejection, offset: at.map { bufferStart + $0 } ?? offset, line: line)
    }
}
