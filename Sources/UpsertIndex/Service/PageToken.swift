/// Opaque page tokens: the last key of the page before, as hexadecimal digits.
enum PageToken {
    static func encode(_ last: String) -> String {
        last.utf8.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// The key to go on after; `""` without a token.
    static func decode(_ token: String?) throws -> String {
        guard let token, !token.isEmpty else { return "" }
        let digits = token.compactMap(\.hexDigitValue)
        guard digits.count == token.utf8.count, digits.count.isMultiple(of: 2) else { throw invalid }
        let bytes = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        guard let last = String(validating: bytes, as: UTF8.self) else { throw invalid }
        return last
    }

    private static let invalid = ServiceError.invalid("Invalid pagination token")
}
