/// A fresh identity for every attempt, by which the vendor's support can find a request.
enum RequestID {
    /// A random (version 4) UUID in lower-case text.
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        return make(using: &generator)
    }

    static func make(using generator: inout some RandomNumberGenerator) -> String {
        let high = (generator.next() & 0xffff_ffff_ffff_0fff) | 0x0000_0000_0000_4000
        let low = (generator.next() & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for nibble in 0..<32 {
            if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 { text.append(UInt8(ascii: "-")) }
            let word = nibble < 16 ? high : low
            text.append(digits[Int(truncatingIfNeeded: word >> UInt64(60 - 4 * (nibble % 16))) & 15])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
