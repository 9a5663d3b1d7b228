/// The name of a file in `claimed/`, which is all that a claim needs to be found again after a crash.
///
/// The grammar is `SEQ-NAME` for a file of the spool itself and `SEQ=NAMESPACE=NAME` for one of a namespace directory.
/// `SEQ` has 12 decimal digits, zero-padded (more once it needs them); `NAMESPACE` is canonically percent-encoded, so it
/// has no `=`; `NAME` is the dropped file's name, cut where the whole would exceed 255 bytes or leave no room for the name
/// of its errors file. What is cut off is kept nowhere.
package struct ClaimName: Sendable, Hashable {
    package var sequence: Int64
    /// The namespace that the directory stood for; nil for a file of the spool itself.
    package var namespace: String?
    package var name: PathBytes

    /// The longest name a file can have on Linux, in bytes.
    static let nameBytesMax = 255
    /// Bytes of ``name`` that still fit `NAME.SEQ.errors.ndjson`, for a `SEQ` of up to 20 digits.
    static let keptNameBytesMax = nameBytesMax - 35
    /// Bytes of an encoded namespace, so that at least 30 bytes of the name are kept.
    package static let namespaceBytesMax = 200

    /// Cuts `name` where needed.
    ///
    /// - Precondition: The encoded namespace has at most ``namespaceBytesMax`` bytes.
    package init(sequence: Int64, namespace: String?, name: PathBytes) {
        self.sequence = sequence
        self.namespace = namespace
        let prefix = Self.padded(sequence).utf8.count + 1
        let middle = namespace.map { NamespaceName.encoded($0).bytes.count + 1 } ?? 0
        self.name = name.shortened(to: min(Self.keptNameBytesMax, Self.nameBytesMax - prefix - middle))
    }

    /// Reads a name found in `claimed/`; nil where it is not one of ours.
    package init?(_ stored: PathBytes) {
        let digits = stored.bytes.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard digits.count >= 12, let sequence = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
        let rest = stored.bytes[digits.count...]
        let name: ArraySlice<UInt8>
        switch rest.first {
        case UInt8(ascii: "-"):
            namespace = nil
            name = rest.dropFirst()
        case UInt8(ascii: "="):
            guard let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "=")) else { return nil }
            guard let decoded = NamespaceName.decoded(PathBytes(rest[(rest.startIndex + 1)..<end])) else { return nil }
            namespace = decoded
            name = rest[(end + 1)...]
        default:
            return nil
        }
        guard !name.isEmpty else { return nil }
        self.sequence = sequence
        self.name = PathBytes(name)
    }

    /// The name as it stands in `claimed/`.
    package var stored: PathBytes {
        var bytes = Array(Self.padded(sequence).utf8)
        if let namespace {
            bytes.append(UInt8(ascii: "="))
            bytes += NamespaceName.encoded(namespace).bytes
            bytes.append(UInt8(ascii: "="))
        } else {
            bytes.append(UInt8(ascii: "-"))
        }
        return PathBytes(bytes + name.bytes)
    }

    /// A sequence number as it stands in file names.
    static func padded(_ sequence: Int64) -> String {
        let digits = String(sequence)
        return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
    }
}
