/// A JSON string that was found valid: where it is and how long it is once decoded.
struct StringToken {
    /// Offset of the first byte behind the opening quote.
    var start: Int
    /// Bytes between the quotes.
    var count: Int
    /// Bytes of the decoded UTF-8.
    var decodedCount: Int
    /// Whether there are escapes; without them the text between the quotes is the value, and minimal.
    var escaped: Bool { decodedCount != count }
}

extension JSONCursor {
    /// Reads the string whose opening quote is at the cursor: UTF-8 and escapes are validated, nothing is copied.
    mutating func readString() throws(Rejection) -> StringToken {
        let start = at &+ 1
        var place = start
        var high: UInt64 = 0
        var hasEscape = false
        while true {
            let word = word(place)
            high |= word
            let special = StringToken.specials(word)
            if special == 0 {
                place &+= 8
                if place >= end { break }
                continue
            }
            place &+= special.trailingZeroBitCount >> 3
            if place >= end { break }
            let byte = byte(place)
            if byte == UInt8(ascii: "\"") {
                at = place &+ 1
                var token = StringToken(start: start, count: place &- start, decodedCount: place &- start)
                if high & 0x8080_8080_8080_8080 != 0 { try checkUTF8(start, token.count) }
                if hasEscape { token.decodedCount = try checkEscapes(start, token.count) }
                return token
            }
            if byte != UInt8(ascii: "\\") {
                at = place
                throw malformed("control character in a string")
            }
            hasEscape = true
            place &+= 2
            if place >= end { break }
        }
        at = end
        throw malformed("ends inside a string")
    }

    /// Appends the decoded bytes.
    func appendDecoded(_ token: StringToken, to bytes: inout [UInt8]) {
        if token.escaped {
            unsafe StringEscapes.decode(self.bytes(token.start, token.count)) { bytes.append($0) }
        } else {
            unsafe bytes.append(contentsOf: self.bytes(token.start, token.count))
        }
    }

    /// Appends the string as JSON with its quotes, in UTF-8 with as few escapes as possible.
    func appendMinimal(_ token: StringToken, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        if token.escaped {
            unsafe StringEscapes.decode(self.bytes(token.start, token.count)) { StringEscapes.append($0, to: &bytes) }
        } else {
            unsafe bytes.append(contentsOf: self.bytes(token.start, token.count))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// The decoded string, for refusals.
    @inline(never)
    func text(_ token: StringToken) -> String {
        var decoded: [UInt8] = []
        appendDecoded(token, to: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }

    /// Whether the decoded string is exactly this one.
    @inline(__always)
    func equals(_ token: StringToken, _ name: StaticString) -> Bool {
        if token.count != name.utf8CodeUnitCount { return false }
        for index in 0..<token.count {
            if unsafe byte(token.start &+ index) != name.utf8Start[index] { return false }
        }
        return true
    }
}

extension StringToken {
    /// Marks quotes, backslashes and control characters in eight bytes; exact up to and including the first mark.
    @inline(__always)
    static func specials(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let slashes = word ^ (ones &* 0x5c)
        let isQuote = (quotes &- ones) & ~quotes
        let isSlash = (slashes &- ones) & ~slashes
        let isControl = (word &- (ones &* 0x20)) & ~word
        return (isQuote | isSlash | isControl) & (ones &* 0x80)
    }
}

extension JSONCursor {
    /// Refuses bytes that are not well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
    @inline(never)
    private mutating func checkUTF8(_ start: Int, _ count: Int) throws(Rejection) {
        if let wrong = unsafe UTF8Check.firstInvalid(bytes(start, count)) {
            at = start + wrong
            throw malformed("invalid UTF-8 in a string")
        }
    }

    @inline(never)
    private mutating func checkEscapes(_ start: Int, _ count: Int) throws(Rejection) -> Int {
        switch unsafe StringEscapes.check(bytes(start, count)) {
        case .valid(let decodedCount): return decodedCount
        case .invalid(let offset):
            at = start + offset
            throw malformed("invalid escape in a string")
        case .loneSurrogate(let offset):
            at = start + offset
            throw malformed("lone surrogate in a string")
        }
    }
}
