/// Eight ASCII digits at a time in one register.
///
/// Source: D. Lemire, "Quickly parsing eight digits", 2018, and the same author's article of 2021.
enum DigitRun {
    /// Loads eight bytes with every digit turned into its value 0…9, and nothing else into these.
    @inline(__always)
    static func values(_ place: UnsafeRawPointer) -> UInt64 {
        unsafe values(of: UInt64(littleEndian: place.loadUnaligned(as: UInt64.self)))
    }

    /// The same for eight bytes that are loaded already, the first one lowest.
    @inline(__always)
    static func values(of text: UInt64) -> UInt64 { text ^ 0x3030_3030_3030_3030 }

    /// Marks bytes of ``values(_:)`` that are no digits, in their highest bit; exact up to and including the first mark.
    @inline(__always)
    static func marks(_ values: UInt64) -> UInt64 {
        ((values &+ 0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080
    }

    /// The same for two runs at once: which of them holds the mark is not known, only whether there is one.
    @inline(__always)
    static func marks(_ first: UInt64, _ second: UInt64) -> UInt64 {
        ((first &+ 0x7676_7676_7676_7676) | (second &+ 0x7676_7676_7676_7676) | first | second) & 0x8080_8080_8080_8080
    }

    /// The number that eight digit values spell, the lowest byte first.
    @inline(__always)
    static func number(_ values: UInt64) -> UInt64 {
        // Pairs of digits, then of pairs, then of fours; each product's upper part is the sum that is wanted.
        let pairs = (values &* 0x0a01) >> 8 & 0x00ff_00ff_00ff_00ff
        let fours = (pairs &* 0x0064_0001) >> 16 & 0x0000_ffff_0000_ffff
        return (fours &* 0x2710_0000_0001) >> 32
    }

    /// The number that the digit values before the first mark spell.
    ///
    /// - Parameter bit: The lowest bit of ``marks(_:)``: 7 for no digits, 15 for one, up to 63 for seven.
    @inline(__always)
    static func number(_ values: UInt64, before bit: UInt64) -> UInt64 {
        number((values &<< (63 &- bit)) &<< 8)
    }
}
