// What libFuzzer calls with each input; compiled together with UpsertCore by Tests/fuzz/run.sh, not by the package.

/// The readers that an input's first byte chooses among.
private enum Readers {
    /// Not SHA-256, but as good for this: 32 bytes that depend on the content.
    private static let digest: @Sendable (UnsafeRawBufferPointer) -> [UInt8] = { bytes in
        var sum: UInt64 = 14_695_981_039_346_656_037
        for byte in bytes { sum = (sum ^ UInt64(byte)) &* 1_099_511_628_211 }
        return (0..<32).map { UInt8(truncatingIfNeeded: sum >> UInt64($0 % 8 * 8)) }
    }

    // safe: libFuzzer calls from one thread.
    nonisolated(unsafe) static var all = [
        RecordReader(RecordRules(api: .vectors, encoding: .protobuf, dimension: nil, digest: digest)),
        RecordReader(RecordRules(api: .vectors, encoding: .packed, dimension: nil, digest: digest)),
        RecordReader(RecordRules(api: .vectors, encoding: .protobuf, dimension: 3, digest: digest)),
        RecordReader(RecordRules(api: .records, encoding: .ndjson, dimension: nil, digest: digest)),
    ]
}

@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 0 else { return 0 }
    let choice = Int(start[0])
    let input = UnsafeBufferPointer(start: start + 1, count: count - 1)
    if choice % 5 == 4 { scan(input, cut: max(1, choice / 5)) } else { read(input, choice % 5) }
    return 0
}

/// Reads a record twice with different bytes behind it, which must not matter.
private func read(_ input: UnsafeBufferPointer<UInt8>, _ reader: Int) {
    let first = read(input, reader, padding: UInt8(ascii: "}"))
    let encoded = Readers.all[reader].encoded
    let second = read(input, reader, padding: UInt8(ascii: "7"))
    precondition(first == second, "what lies behind a record changes how it is read")
    guard case .operation(let operation) = first else { return }
    precondition(Readers.all[reader].encoded == encoded && !encoded.isEmpty, "one record, two encodings")
    precondition(operation.idLength == Readers.all[reader].id.count, "the id's length is wrong")
}

private func read(_ input: UnsafeBufferPointer<UInt8>, _ reader: Int, padding: UInt8) -> ReadResult {
    // Of exactly this size, so that the address sanitizer sees a read beyond the promised padding.
    let padded = UnsafeMutableRawBufferPointer.allocate(
        byteCount: input.count + RecordReader.paddingBytes, alignment: 1)
    defer { padded.deallocate() }
    padded.copyBytes(from: input)
    for index in input.count..<padded.count { padded[index] = padding }
    return Readers.all[reader].read(UnsafeRawBufferPointer(rebasing: padded[..<input.count]))
}

/// Feeds a `.json` file in pieces and reads each element that it yields.
private func scan(_ input: UnsafeBufferPointer<UInt8>, cut: Int) {
    var scanner = BodyScanner()
    var start = 0
    do throws(BodyFailure) {
        while start < input.count {
            let piece = UnsafeRawBufferPointer(
                UnsafeBufferPointer(rebasing: input[start..<min(input.count, start + cut)]))
            while let element = try scanner.next(in: piece) {
                precondition(element.start < element.end && element.end <= input.count, "an element outside the file")
                read(UnsafeBufferPointer(rebasing: input[element.start..<element.end]), 0)
            }
            start += piece.count
        }
        _ = try scanner.finish()
    } catch {
        precondition(!error.rejection.reason.isEmpty, "refused without a reason")
    }
}
