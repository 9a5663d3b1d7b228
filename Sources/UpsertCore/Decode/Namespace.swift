/// Namespace names.
package enum Namespace {
    /// The name under which newer API versions list the default namespace.
    package static let defaultName = "__default__"

    /// Checks a name and turns `__default__` into the empty string.
    ///
    /// - Returns: A failure with code `namespace_invalid` unless it is 0…512 characters of ASCII without NUL.
    package static func normalised(_ bytes: [UInt8]) -> Result<String, Rejection> {
        if bytes.contains(where: { $0 == 0 || $0 >= 0x80 }) {
            return .failure(Rejection(.namespaceInvalid, at: "/namespace", "namespace must be ASCII without NUL"))
        }
        if bytes.count > RecordLimits.namespaceBytesMax {
            return .failure(
                Rejection(
                    .namespaceInvalid, at: "/namespace",
                    "namespace must have at most \(RecordLimits.namespaceBytesMax) characters, has \(bytes.count)"))
        }
        let name = String(decoding: bytes, as: UTF8.self)
        return .success(name == defaultName ? "" : name)
    }
}
