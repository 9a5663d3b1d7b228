/// A target's API key, which never shows itself in a description, a mirror or an error.
package struct APIKey: Sendable, Hashable {
    /// The header value.
    let secret: String

    /// Longest key that is taken, in bytes.
    package static let bytesMax = 4_096

    /// Takes the text of a key file or credential; white space around the key is dropped.
    ///
    /// - Throws: ``Invalid`` for an empty key, one above ``bytesMax``, or one with a byte that a header cannot carry.
    package init(_ text: String) throws(Invalid) {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
        let key = text.utf8.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !key.isEmpty else { throw .empty }
        guard key.count <= Self.bytesMax else { throw .tooLong }
        guard key.allSatisfy({ (0x21...0x7e).contains($0) }) else { throw .characters }
        secret = String(decoding: Array(key), as: UTF8.self)
    }

    /// Why a text is not a key. Holds nothing of it.
    package enum Invalid: Error, Sendable, Equatable, CustomStringConvertible {
        case empty, tooLong, characters

        package var description: String {
            switch self {
            case .empty: "the API key is empty"
            case .tooLong: "the API key is longer than \(APIKey.bytesMax) bytes"
            case .characters: "the API key contains a space, control or non-ASCII character"
            }
        }
    }
}

extension APIKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "APIKey(redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
