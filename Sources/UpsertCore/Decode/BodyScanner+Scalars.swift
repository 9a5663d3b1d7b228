extension BodyScanner {
    /// Where in a string the machine is.
    struct StringState: Sendable {
        /// Bytes of a UTF-8 sequence still to come.
        var continuations: UInt8 = 0
        /// What the next of them may be.
        var low: UInt8 = 0x80
        var high: UInt8 = 0xbf
        /// Hexadecimal digits of an escape still to come, and their value so far.
        var digits: UInt8 = 0
        var unit: UInt32 = 0
        /// Whether the low half of a surrogate pair must come next.
        var needsLow = false
        /// The text between the quotes, where it is wanted.
        var kept: [UInt8] = []
        var keptMax = 0
        /// Whether there was more of it than is kept.
        var isCut = false
    }

    /// How far into a number's grammar the machine is.
    enum NumberState: UInt8 {
        /// Behind the sign, or before the first digit.
        case start
        case zero, whole, point, fraction, exponent, exponentSign, exponentDigits

        /// Whether a number may end here.
        var isComplete: Bool { self == .zero || self == .whole || self == .fraction || self == .exponentDigits }
    }

    mutating func beginString(keeping bytesMax: Int) {
        state = .string
        string.kept.removeAll(keepingCapacity: true)
        string.keptMax = bytesMax
        string.isCut = false
    }

    private mutating func keep(_ byte: UInt8) {
        if string.keptMax == 0 { return }
        if string.kept.count < string.keptMax { string.kept.append(byte) } else { string.isCut = true }
    }

    /// Reads on in a string.
    ///
    /// - Returns: True when the closing quote was the last byte consumed.
    mutating func scanString(_ buffer: UnsafeRawBufferPointer, _ at: inout Int) throws(BodyFailure) -> Bool {
        let count = buffer.count
        while at < count {
            if state == .string && string.continuations == 0 && string.keptMax == 0 && !string.needsLow {
                while at &+ 8 <= count {
                    let word = unsafe buffer.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                    if StringToken.specials(word) | word & 0x8080_8080_8080_8080 != 0 { break }
                    at &+= 8
                }
                if at == count { return false }
            }
            let byte = unsafe buffer[at]
            if try scan(byte, at) {
                at += 1
                return true
            }
            at += 1
        }
        return false
    }

    private mutating func scan(_ byte: UInt8, _ at: Int) throws(BodyFailure) -> Bool {
        switch state {
        case .escape: try scanEscape(byte, at)
        case .hexadecimal: try scanHexadecimal(byte, at)
        default:
            if string.continuations > 0 {
                guard byte >= string.low && byte <= string.high else {
                    throw malformed("invalid UTF-8 in a string", at)
                }
                string.continuations -= 1
                (string.low, string.high) = (0x80, 0xbf)
            } else if string.needsLow && byte != UInt8(ascii: "\\") {
                throw malformed("lone surrogate in a string", at)
            } else if byte == UInt8(ascii: "\"") {
                return true
            } else if byte == UInt8(ascii: "\\") {
                state = .escape
            } else if byte < 0x20 {
                throw malformed("control character in a string", at)
            } else if byte >= 0x80 {
                try beginSequence(byte, at)
            }
        }
        keep(byte)
        return false
    }

    /// Source: Unicode Standard, table 3-7.
    private mutating func beginSequence(_ lead: UInt8, _ at: Int) throws(BodyFailure) {
        (string.low, string.high) = (0x80, 0xbf)
        switch lead {
        case 0xc2...0xdf: string.continuations = 1
        case 0xe0...0xef:
            string.continuations = 2
            if lead == 0xe0 { string.low = 0xa0 }
            if lead == 0xed { string.high = 0x9f }
        case 0xf0...0xf4:
            string.continuations = 3
            if lead == 0xf0 { string.low = 0x90 }
            if lead == 0xf4 { string.high = 0x8f }
        default: throw malformed("invalid UTF-8 in a string", at)
        }
    }

    private mutating func scanEscape(_ byte: UInt8, _ at: Int) throws(BodyFailure) {
        if byte == UInt8(ascii: "u") {
            state = .hexadecimal
            string.digits = 4
            string.unit = 0
            return
        }
        guard !string.needsLow else { throw malformed("lone surrogate in a string", at) }
        guard StringEscapes.simple(byte) != nil else { throw malformed("invalid escape in a string", at) }
        state = .string
    }

    private mutating func scanHexadecimal(_ byte: UInt8, _ at: Int) throws(BodyFailure) {
        guard let digit = StringEscapes.hexValue(byte) else { throw malformed("invalid escape in a string", at) }
        string.unit = string.unit << 4 | UInt32(digit)
        string.digits -= 1
        if string.digits > 0 { return }
        state = .string
        let isLow = string.unit & 0xfc00 == 0xdc00
        guard isLow == string.needsLow else { throw malformed("lone surrogate in a string", at) }
        string.needsLow = string.unit & 0xfc00 == 0xd800
    }

    /// Steps over plain numbers of an array, each with the comma behind it, as fast as can be.
    ///
    /// Stops before the first thing that is anything else, or that may reach the end of the buffer: the machine takes it.
    mutating func skipNumbers(_ buffer: UnsafeRawBufferPointer, _ at: inout Int) {
        guard let base = buffer.baseAddress else { return }
        let start = at
        // A number that is stepped over here has at most 36 bytes, and what follows it 2; eight bytes are read at a time.
        while at &+ 64 <= buffer.count, let next = unsafe Self.behindNumber(base + at) {
            at = unsafe next - base
        }
        if at > start { state = .value }
    }

    /// The place behind a number, its comma and one blank; nil when there is no such number, or it is a long one.
    @inline(__always)
    private static func behindNumber(_ start: UnsafeRawPointer) -> UnsafeRawPointer? {
        var at = unsafe start + (start.load(as: UInt8.self) == UInt8(ascii: "-") ? 1 : 0)
        let first = unsafe at.load(as: UInt8.self) &- 0x30
        if first > 9 { return nil }
        unsafe at += 1
        if unsafe at.load(as: UInt8.self) &- 0x30 <= 9 {
            if first == 0 { return nil }
            unsafe at += digitCount(at)
        }
        if unsafe at.load(as: UInt8.self) == UInt8(ascii: ".") {
            unsafe at += 1
            var count = unsafe digitCount(at)
            if count == 8 { count &+= unsafe digitCount(at + 8) }
            if count == 16 { count &+= unsafe digitCount(at + 16) }
            if count == 0 { return nil }
            unsafe at += count
        }
        // A ninth digit before the point, a twenty-fifth behind it and an exponent all end here.
        guard unsafe at.load(as: UInt8.self) == UInt8(ascii: ",") else { return nil }
        unsafe at += 1
        return unsafe at.load(as: UInt8.self) == UInt8(ascii: " ") ? at + 1 : at
    }

    /// Digits among the next eight bytes before the first byte that is none: 0…8.
    @inline(__always)
    private static func digitCount(_ place: UnsafeRawPointer) -> Int {
        unsafe DigitRun.marks(DigitRun.values(place)).trailingZeroBitCount >> 3
    }

    /// Reads on in a number.
    ///
    /// - Returns: True when the byte at `at` no longer belongs to it; it is then complete.
    mutating func scanNumber(_ buffer: UnsafeRawBufferPointer, _ at: inout Int) throws(BodyFailure) -> Bool {
        let count = buffer.count
        var place = at
        var phase = number
        defer {
            at = place
            number = phase
        }
        while place < count {
            if phase == .fraction || phase == .whole {
                while place &+ 8 <= count, let start = buffer.baseAddress {
                    if unsafe DigitRun.marks(DigitRun.values(start + place)) != 0 { break }
                    place &+= 8
                }
                if place == count { return false }
            }
            let byte = unsafe buffer[place]
            guard let following = Self.following(phase, byte) else {
                if phase.isComplete { return true }
                throw malformed("not a number of the JSON grammar", place)
            }
            phase = following
            place &+= 1
        }
        return false
    }

    /// The phase behind `byte`; nil when the byte cannot follow.
    @inline(__always)
    private static func following(_ phase: NumberState, _ byte: UInt8) -> NumberState? {
        if byte &- 0x30 <= 9 {
            switch phase {
            case .start: return byte == 0x30 ? .zero : .whole
            case .zero: return nil
            case .whole: return .whole
            case .point, .fraction: return .fraction
            case .exponent, .exponentSign, .exponentDigits: return .exponentDigits
            }
        }
        if byte == UInt8(ascii: ".") { return phase == .zero || phase == .whole ? .point : nil }
        if byte | 0x20 == UInt8(ascii: "e") {
            return phase == .zero || phase == .whole || phase == .fraction ? .exponent : nil
        }
        if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { return phase == .exponent ? .exponentSign : nil }
        return nil
    }
}
