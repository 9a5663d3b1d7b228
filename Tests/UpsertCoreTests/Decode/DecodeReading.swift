import Testing

@testable import UpsertCore

/// A reader whose digest is the real one.
func reader(
    _ encoding: Encoding = .protobuf, api: RecordAPI = .vectors, dimension: Int? = nil
) -> RecordReader {
    RecordReader(RecordRules(api: api, encoding: encoding, dimension: dimension, digest: sha256))
}

extension RecordReader {
    /// Reads one record, with padding whose bytes would mislead a reader that strays into them.
    mutating func read(_ json: String, columns: RecordColumns = RecordColumns()) -> ReadResult {
        read(bytes: Array(json.utf8), columns: columns)
    }

    mutating func read(
        bytes: [UInt8], columns: RecordColumns = RecordColumns(), padding: UInt8 = UInt8(ascii: "1")
    ) -> ReadResult {
        let padded = bytes + [UInt8](repeating: padding, count: Self.paddingBytes)
        return padded.withUnsafeBytes { padded in
            read(UnsafeRawBufferPointer(rebasing: padded.prefix(bytes.count)), columns: columns)
        }
    }

    /// The last encoded record as text.
    var encodedText: String { String(decoding: encoded, as: UTF8.self) }
    /// The last encoded record as REST sends it.
    func sentText(_ kind: OperationKind) -> String {
        String(decoding: Transcode.json(protobuf: encoded[...], kind) ?? [], as: UTF8.self)
    }
    var idText: String { String(decoding: id, as: UTF8.self) }
}

extension ReadResult {
    var operation: ReadOperation? { if case .operation(let operation) = self { operation } else { nil } }
    var rejection: Rejection? { if case .rejected(let rejection) = self { rejection } else { nil } }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Expects a record to be refused with this code and pointer.
func expectRefused(
    _ json: String, _ code: Rejection.Code, _ pointer: String, reason: String? = nil, id: String? = "a",
    by reader: RecordReader = reader(), sourceLocation: SourceLocation = #_sourceLocation
) {
    var reader = reader
    let result = reader.read(json)
    guard let rejection = result.rejection else {
        Issue.record("not refused: \(json.prefix(200)) gave \(result)", sourceLocation: sourceLocation)
        return
    }
    #expect(rejection.code == code, "\(rejection)", sourceLocation: sourceLocation)
    #expect(rejection.pointer == pointer, "\(rejection)", sourceLocation: sourceLocation)
    #expect(rejection.id == id, "\(rejection)", sourceLocation: sourceLocation)
    if let reason { #expect(rejection.reason.contains(reason), "\(rejection)", sourceLocation: sourceLocation) }
}
