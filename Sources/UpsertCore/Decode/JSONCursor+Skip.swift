extension JSONCursor {
    /// Steps over the value at the cursor without judging all of its grammar.
    ///
    /// Strings are validated, since they hide brackets; the rest is only balanced. Whoever reads the value for good
    /// judges it.
    ///
    /// - Returns: False when the record ends inside the value, or the value would be empty.
    mutating func skipValue() throws(Rejection) -> Bool {
        var open = 0
        let start = at
        while at < end {
            switch current {
            case UInt8(ascii: "\""):
                _ = try readString()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                open += 1
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if open == 0 { return at > start }
                open -= 1
                at += 1
            case UInt8(ascii: ","):
                if open == 0 { return at > start }
                at += 1
            default:
                at += 1
            }
            if open == 0 && at < end && (byte(at - 1) == UInt8(ascii: "\"") || byte(at - 1) | 0x20 == UInt8(ascii: "}"))
            {
                return true
            }
        }
        return false
    }
}
