/// Stored vector records as the JSON text that REST takes.
enum VectorText {
    private static let id: StaticString = "{\"id\":"
    private static let values: StaticString = ",\"values\":["
    private static let indices: StaticString = ",\"sparseValues\":{\"indices\":["
    private static let sparse: StaticString = "],\"values\":["

    private static func metadata(_ kind: OperationKind) -> StaticString {
        kind == .update ? ",\"setMetadata\":" : ",\"metadata\":"
    }

    private static func end(_ kind: OperationKind) -> StaticString { kind == .upsert ? "}," : "}" }

    /// Bytes that a record takes, or a little more; never less.
    ///
    /// - Parameter vector: The values, read with their text counted.
    static func bytesMax(_ kind: OperationKind, _ id: [UInt8], _ vector: VectorScratch, _ fields: FieldTable?) -> Int {
        var count = self.id.utf8CodeUnitCount + stringBytesMax(id) + end(kind).utf8CodeUnitCount
        if vector.denseCount > 0 { count += values.utf8CodeUnitCount + vector.denseTextMax + 1 }
        if let fields { count += metadata(kind).utf8CodeUnitCount + fields.writtenJSONMax }
        if vector.sparseCount > 0 {
            // An index has at most ten digits, and a comma.
            count += indices.utf8CodeUnitCount + 11 * vector.sparseCount
            count += sparse.utf8CodeUnitCount + vector.sparseTextMax + 2
        }
        return count
    }

    /// Bytes that a stored record takes; none where it is not in its form.
    static func count(_ stored: ArraySlice<UInt8>, _ kind: OperationKind) -> Int {
        var bytes: [UInt8] = []
        return append(stored, kind, to: &bytes) ? bytes.count : 0
    }

    private static func stringBytesMax(_ text: [UInt8]) -> Int {
        text.reduce(2) { count, byte in
            count + (byte < 0x20 ? 6 : byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") ? 2 : 1)
        }
    }

    /// Appends a stored protobuf upsert or update in the form that ``Encoding/json`` describes.
    ///
    /// - Returns: False when it is not in the form that ``Encoding`` describes; what was appended is then of no use.
    static func append(_ stored: ArraySlice<UInt8>, _ kind: OperationKind, to bytes: inout [UInt8]) -> Bool {
        unsafe stored.withUnsafeBytes { unsafe append(run: $0[...], kind, to: &bytes) }
    }

    private static func append(run stored: some ByteRun, _ kind: OperationKind, to bytes: inout [UInt8]) -> Bool {
        var message = stored
        if kind == .upsert {
            var request = ProtobufFields(stored)
            guard let vector = request.next(), vector.number == 1, request.next() == nil, !request.isBroken else {
                return false
            }
            message = vector.content
        }
        var fields = ProtobufFields(message)
        // The id comes first in everything that we store.
        guard let first = fields.next(), first.number == 1, !first.content.isEmpty else { return false }
        append(id, to: &bytes)
        StringEscapes.appendString(first.content, to: &bytes)
        while let field = fields.next() {
            let isWhole: Bool
            switch (field.number, kind) {
            case (2, _):
                append(values, to: &bytes)
                isWhole = appendFloats(field.content, to: &bytes)
                bytes.append(UInt8(ascii: "]"))
            case (3, _):
                append(metadata(kind), to: &bytes)
                isWhole = StructText.append(field.content, to: &bytes)
            case (4, .upsert), (5, .update): isWhole = appendSparse(field.content, to: &bytes)
            default: isWhole = false
            }
            if !isWhole { return false }
        }
        append(end(kind), to: &bytes)
        return !fields.isBroken
    }

    private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func appendSparse(_ message: some ByteRun, to bytes: inout [UInt8]) -> Bool {
        var numbers = message.prefix(0)
        var floats = message.prefix(0)
        var fields = ProtobufFields(message)
        while let field = fields.next() {
            if field.number == 1 { numbers = field.content }
            if field.number == 2 { floats = field.content }
        }
        if fields.isBroken { return false }
        append(indices, to: &bytes)
        var isFirst = true
        var at = numbers.startIndex
        while let index = Protobuf.varint(numbers, &at) {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            DecimalText.append(index, to: &bytes)
        }
        append(sparse, to: &bytes)
        guard at == numbers.endIndex, appendFloats(floats, to: &bytes) else { return false }
        bytes.append(contentsOf: [UInt8(ascii: "]"), UInt8(ascii: "}")])
        return true
    }

    /// Floats whose text is written at a time, into memory that stays in the core's cache.
    private static let blockFloats = 64

    /// Appends packed floats with commas between them; false when the bytes are no finite floats.
    private static func appendFloats(_ packed: some ByteRun, to bytes: inout [UInt8]) -> Bool {
        guard packed.count % 4 == 0 else { return false }
        if packed.isEmpty { return true }
        let isFinite = packed.withContiguousStorageIfAvailable { packed in
            unsafe appendFloats(UnsafeRawBufferPointer(packed), to: &bytes)
        }
        guard isFinite == true else { return false }
        bytes.removeLast()
        return true
    }

    /// The same with a comma behind the last one.
    private static func appendFloats(_ packed: UnsafeRawBufferPointer, to bytes: inout [UInt8]) -> Bool {
        unsafe withUnsafeTemporaryAllocation(
            byteCount: blockFloats * (FloatText.numberBytesMax + 1) + FloatText.roomBytes, alignment: 16
        ) { block in
            let constants = unsafe FloatText.constants
            guard let start = block.baseAddress else { return false }
            var largest: UInt32 = 0
            for first in stride(from: 0, to: packed.count, by: 4 * blockFloats) {
                var end = unsafe start
                for offset in stride(from: first, to: min(first + 4 * blockFloats, packed.count), by: 4) {
                    let bits = unsafe UInt32(
                        littleEndian: packed.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
                    largest = max(largest, bits & 0x7fff_ffff)
                    unsafe end = FloatText.write(bits, to: end, constants)
                    unsafe end.storeBytes(of: UInt8(ascii: ","), as: UInt8.self)
                    unsafe end += 1
                }
                if largest >= DecimalFloat.infinity { return false }
                unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: end - start))
            }
            return true
        }
    }
}
