/// The dense and sparse values of the record being read.
///
/// The arrays have their full size from the start, so the loops that fill them never grow them: about 100 KB a reader.
struct VectorScratch: Sendable {
    /// Bits of the dense values.
    private(set) var dense = [UInt32](repeating: 0, count: RecordLimits.dimensionMax)
    private(set) var denseCount = 0
    private(set) var indices = [UInt32](repeating: 0, count: RecordLimits.sparseValuesMax)
    /// Bits of the sparse values.
    private(set) var sparse = [UInt32](repeating: 0, count: RecordLimits.sparseValuesMax)
    private(set) var sparseCount = 0
    /// Bytes of the dense values as JSON at most, where they are counted; see ``FloatTextSize``.
    private(set) var denseTextMax = 0
    /// The same for the sparse values.
    private(set) var sparseTextMax = 0
    private var countsText = false

    /// Forgets the last record; keeps the memory.
    ///
    /// - Parameter countingText: Whether ``denseTextMax`` and ``sparseTextMax`` are wanted.
    mutating func removeAll(countingText: Bool) {
        denseCount = 0
        sparseCount = 0
        countsText = countingText
    }

    /// Reads the array of dense values at the cursor, or null.
    ///
    /// - Parameter dimension: The index's dimension where known.
    mutating func readDense(_ cursor: inout JSONCursor, dimension: Int?) throws(Rejection) {
        if cursor.skipNull() { return }
        if cursor.current != UInt8(ascii: "[") {
            throw cursor.wrongType("values", at: "/values", mustBe: "an array of numbers")
        }
        let start = cursor.at
        let run = Self.run(cursor, &dense)
        denseCount = run.count
        try Self.check(run, dense, &cursor, at: "/values")
        if run.count > RecordLimits.dimensionMax {
            throw Rejection(
                .dimensionTooLarge, at: "/values",
                "Vector dimension \(run.count) exceeds the maximum of \(RecordLimits.dimensionMax)")
        }
        if run.count == 0 { return }
        if let dimension, dimension != run.count {
            throw Rejection(
                .dimensionMismatch, at: "/values",
                "Vector dimension \(run.count) does not match the dimension of the index \(dimension)")
        }
        if Float(bitPattern: run.largest) < RecordLimits.magnitudeMin {
            throw Rejection(.allZero, at: "/values", "Dense vectors must contain at least one non-zero value")
        }
        if countsText { denseTextMax = Self.textMax(dense, run.count, cursor, from: start) }
    }

    private static func run(_ cursor: JSONCursor, _ floats: inout [UInt32]) -> FloatRun {
        unsafe floats.withUnsafeMutableBufferPointer { floats in
            unsafe FloatRun.read(cursor.base, at: cursor.at, into: floats)
        }
    }

    /// Bytes at most of the floats that were just read, whose array reaches from `start` to the cursor.
    private static func textMax(_ floats: [UInt32], _ count: Int, _ cursor: JSONCursor, from start: Int) -> Int {
        unsafe floats.withUnsafeBufferPointer { floats in
            unsafe FloatTextSize.bytesMax(
                UnsafeBufferPointer(rebasing: floats.prefix(count)),
                text: cursor.bytes(start + 1, cursor.at - start - 2))
        }
    }

    /// Moves the cursor behind the array, or refuses what is not a finite number.
    private static func check(
        _ run: FloatRun, _ floats: [UInt32], _ cursor: inout JSONCursor, at pointer: String
    ) throws(Rejection) {
        cursor.at = run.next
        if run.failed {
            if !run.failedAtElement { throw cursor.malformed("expected ',' or ']' in an array of numbers") }
            throw cursor.wrongType("each value", at: "\(pointer)/\(run.count)", mustBe: "a number")
        }
        if run.largest < DecimalFloat.infinity { return }
        for (index, bits) in floats.prefix(run.count).enumerated() where bits & 0x7fff_ffff >= DecimalFloat.infinity {
            throw Rejection(.notFinite, at: "\(pointer)/\(index)", "number is too large for a 32-bit float")
        }
    }
}

extension VectorScratch {
    /// Reads the sparse vector at the cursor, or null.
    mutating func readSparse(_ cursor: inout JSONCursor, field: FieldName) throws(Rejection) {
        if cursor.skipNull() { return }
        let pointer = "/" + field.text
        if cursor.current != UInt8(ascii: "{") {
            throw cursor.wrongType(field.text, at: pointer, mustBe: "an object with indices and values")
        }
        var indicesCount: Int?
        var valuesCount: Int?
        cursor.depth = 1
        if try cursor.openObject() {
            repeat {
                let key = try cursor.readKey()
                if cursor.equals(key, "indices") {
                    if indicesCount != nil { throw Self.duplicate(pointer + "/indices") }
                    indicesCount = try readIndices(&cursor, at: pointer + "/indices")
                } else if cursor.equals(key, "values") {
                    if valuesCount != nil { throw Self.duplicate(pointer + "/values") }
                    valuesCount = try readSparseValues(&cursor, at: pointer + "/values")
                } else {
                    let name = cursor.text(key)
                    throw Rejection(
                        .unknownField, at: pointer + JSONPointer.step(name),
                        "unknown field \"\(name)\"" + FieldGuess.hint(name, among: ["indices", "values"]))
                }
            } while try cursor.hasNextField()
        }
        cursor.depth = 0
        try checkSparse(indicesCount, valuesCount, at: pointer)
    }

    private static func duplicate(_ pointer: String) -> Rejection {
        Rejection(.duplicateField, at: pointer, "field appears twice")
    }

    private mutating func checkSparse(
        _ indicesCount: Int?, _ valuesCount: Int?, at pointer: String
    ) throws(Rejection) {
        guard let indicesCount else {
            throw Rejection(.missingField, at: pointer + "/indices", "a sparse vector needs indices")
        }
        guard let valuesCount else {
            throw Rejection(.missingField, at: pointer + "/values", "a sparse vector needs values")
        }
        if indicesCount != valuesCount {
            throw Rejection(
                .sparseLengthsDiffer, at: pointer,
                "a sparse vector needs as many indices as values, has \(indicesCount) and \(valuesCount)")
        }
        if indicesCount == 0 {
            throw Rejection(.sparseEmpty, at: pointer, "Sparse vector must contain at least one value")
        }
        if indicesCount > RecordLimits.sparseValuesMax {
            throw Rejection(
                .sparseTooLong, at: pointer,
                "a sparse vector takes at most \(RecordLimits.sparseValuesMax) values, has \(indicesCount)")
        }
        sparseCount = indicesCount
    }

    private mutating func readSparseValues(_ cursor: inout JSONCursor, at pointer: String) throws(Rejection) -> Int {
        if cursor.current != UInt8(ascii: "[") {
            throw cursor.wrongType("sparse values", at: pointer, mustBe: "an array of numbers")
        }
        let start = cursor.at
        let run = Self.run(cursor, &sparse)
        try Self.check(run, sparse, &cursor, at: pointer)
        if countsText {
            sparseTextMax = Self.textMax(sparse, min(run.count, sparse.count), cursor, from: start)
        }
        return run.count
    }

    /// Reads whole numbers 0…2^32−1, in any notation, as the service's JSON reader does.
    private mutating func readIndices(_ cursor: inout JSONCursor, at pointer: String) throws(Rejection) -> Int {
        if cursor.current != UInt8(ascii: "[") {
            throw cursor.wrongType("sparse indices", at: pointer, mustBe: "an array of whole numbers")
        }
        cursor.at += 1
        cursor.skipBlanks()
        var count = 0
        if cursor.current == UInt8(ascii: "]") {
            cursor.at += 1
            return count
        }
        while true {
            let index = try readIndex(&cursor, at: pointer, count)
            if count < indices.count { indices[count] = index }
            count += 1
            cursor.skipBlanks()
            if cursor.current == UInt8(ascii: "]") { break }
            if cursor.current != UInt8(ascii: ",") { throw cursor.malformed("expected ',' or ']' in an array") }
            cursor.at += 1
            cursor.skipBlanks()
        }
        cursor.at += 1
        return count
    }

    private func readIndex(
        _ cursor: inout JSONCursor, at pointer: String, _ position: Int
    ) throws(Rejection) -> UInt32 {
        let kind = cursor.current
        if kind != UInt8(ascii: "-") && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(kind) {
            throw cursor.wrongType("each index", at: "\(pointer)/\(position)", mustBe: "a whole number")
        }
        let start = cursor.at
        let number = try cursor.readNumber()
        if number.integral && !number.negative && number.digits <= 10 && number.decimal <= UInt64(UInt32.max) {
            return UInt32(truncatingIfNeeded: number.decimal)
        }
        let value = unsafe DecimalDouble.value(number, text: cursor.bytes(start, cursor.at - start))
        guard let index = UInt32(exactly: value) else {
            throw Rejection(
                .sparseIndex, at: "\(pointer)/\(position)", "a sparse index must be a whole number 0 to 4294967295")
        }
        return index
    }
}
