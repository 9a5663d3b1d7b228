/// Eight ASCII digits at a time in one register.
///
/// Source: D. Lemire, "Quickly parsing eight digits", 2018, and the same author's article of 2021.
enum DigitRun {
    /// Turns ASCII digits into their values, so that every digit becomes 0…9 and nothing else does.
    @inline(__always)
    static func values(_ ascii: UInt64) -> UInt64 { ascii ^ 0x3030_3030_3030_3030 }

    /// Marks bytes of ``values(_:)`` that are not digits; exact up to and including the first mark.
    @inline(__always)
    static func marks(_ values: UInt64) -> UInt64 {
        ((values &+ 0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080
    }

    /// The number that eight digit values spell, the lowest byte first.
    @inline(__always)
    static func number(_ values: UInt64) -> UInt64 {
        let pairs = (values &* 10) &+ (values >> 8)
        let low = (pairs & 0x0000_00ff_0000_00ff) &* 0x000f_4240_0000_0064
        let high = ((pairs >> 16) & 0x0000_00ff_0000_00ff) &* 0x0000_2710_0000_0001
        return (low &+ high) >> 32
    }

    /// The number that the first `count` (0…7) digit values spell.
    @inline(__always)
    static func number(_ values: UInt64, first count: UInt64) -> UInt64 {
        number((values &<< (56 &- 8 &* count)) &<< 8)
    }
}
