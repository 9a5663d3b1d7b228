import Glibc
import Testing
import UpsertTestSupport

@testable import UpsertCore

/// How many random numbers each random test tries, some of them several times over.
private let numberCount = TestEnvironment.runs(350_000)

/// Converts one number through the product's array loop and through the C library, and compares the bits.
private struct FloatJudge {
    var constants = DecimalFloat.constants
    var floats = [UInt32](repeating: 0, count: 8)
    var text: [UInt8] = []
    var wrong = 0

    mutating func check(_ number: String) {
        text.removeAll(keepingCapacity: true)
        text.append(UInt8(ascii: "["))
        text.append(contentsOf: number.utf8)
        text.append(contentsOf: "]}".utf8)
        text.append(contentsOf: [UInt8](repeating: 0x39, count: 64))
        let run = text.withUnsafeBytes { text in
            floats.withUnsafeMutableBufferPointer { floats in
                FloatRun.read(text.baseAddress!, at: 0, into: floats)
            }
        }
        let expected = strtof(number, nil).bitPattern
        if run.failed || run.count != 1 || floats[0] != expected {
            wrong += 1
            if wrong <= 5 { Issue.record("\(number): \(floats[0]) is not \(expected)") }
        }
    }
}

/// C formatting of a double, for number texts that Swift does not print.
private func formatted(_ format: String, _ value: Double) -> String {
    var buffer = [CChar](repeating: 0, count: 512)
    let count = withVaList([value]) { vsnprintf(&buffer, 512, format, $0) }
    return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

@Suite struct `Decimal to float` {
    @Test func `hard cases round as the C library rounds`() {
        var judge = FloatJudge()
        for number in Self.hardCases {
            judge.check(number)
            judge.check("-" + number)
        }
        #expect(judge.wrong == 0)
    }

    @Test func `random doubles round as the C library rounds`() {
        var random = TestRandom.forTest("random doubles")
        var judge = FloatJudge()
        for _ in 0..<numberCount {
            let value = Double(bitPattern: random.next())
            if value.isFinite { judge.check(value.description) }
            judge.check(Double.random(in: -1...1, using: &random).description)
        }
        #expect(judge.wrong == 0)
    }

    @Test func `random floats of every magnitude come back as they were`() {
        var random = TestRandom.forTest("random floats")
        var judge = FloatJudge()
        for _ in 0..<numberCount {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            guard value.isFinite else { continue }
            judge.check(value.description)
            judge.check(Double(value).description)
        }
        #expect(judge.wrong == 0)
    }

    @Test func `halfway points and their neighbours round as the C library rounds`() {
        var random = TestRandom.forTest("halfway points")
        var judge = FloatJudge()
        for _ in 0..<numberCount / 4 {
            let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()) & 0x7fff_ffff)
            guard value.isFinite, value.nextUp.isFinite else { continue }
            let middle = (Double(value) + Double(value.nextUp)) / 2
            for near in [middle.nextDown, middle, middle.nextUp] { judge.check(near.description) }
            // The exact decimal expansion, up to 150 digits: the way through more than 19 digits.
            judge.check(formatted("%.149f", middle))
            judge.check(formatted("%.110e", middle))
            judge.check(formatted("%.110e", middle).replacingLast("0", by: "1"))
        }
        #expect(judge.wrong == 0)
    }

    @Test func `random digits of any length round as the C library rounds`() {
        var random = TestRandom.forTest("random digits")
        var judge = FloatJudge()
        for _ in 0..<numberCount / 2 {
            let whole = Int.random(in: 0...25, using: &random)
            let fraction = Int.random(in: 0...40, using: &random)
            var number = whole == 0 ? "0" : String(Int.random(in: 1...9, using: &random))
            for _ in 1..<max(1, whole) { number += String(Int.random(in: 0...9, using: &random)) }
            if fraction > 0 {
                number += "."
                for _ in 0..<fraction { number += String(Int.random(in: 0...9, using: &random)) }
            }
            if Bool.random(using: &random) { number += "e\(Int.random(in: -70...30, using: &random))" }
            judge.check(number)
        }
        #expect(judge.wrong == 0)
    }

    @Test func `the table of powers is what its formula gives`() {
        for (index, power) in PowersOfFive.exponents.enumerated() {
            let expected = LongPower.entry(power)
            #expect(PowersOfFive.halves[2 * index] == expected.high, "5^\(power)")
            #expect(PowersOfFive.halves[2 * index + 1] == expected.low, "5^\(power)")
        }
        #expect(PowersOfFive.halves.count == DecimalFloat.tensOffset)
    }

    static let hardCases = [
        "0", "0.0", "0e5", "0.000000000000000000000000000000000000000", "1", "10", "100", "1e0", "1E+0", "1e-0",
        "1.0000001788139343", "1.00000005960464477539062500", "1.00000005960464477539062501",
        "1.00000005960464477539062499", "1.000000178813934326171875", "1.000000178813934326171874999999",
        "1.000000178813934326171875000001", "16777216", "16777217", "16777218", "16777219", "33554431", "33554433",
        "9007199791611905", "8589973000", "3.4028234663852886e38", "3.4028235e38", "3.4028235677973365e38",
        "3.4028235677973366e38", "3.4028235677973367e38", "3.40282356779733661637539395458142568447e38",
        "3.40282356779733661637539395458142568448e38", "3.5e38", "1e39", "1e400", "1e99999999999999999999",
        "1.1754943508222875e-38", "1.1754942106924411e-38", "1.17549431578982589985e-38", "1.401298464324817e-45",
        "7.006492321624085e-46", "7.006492321624086e-46", "7.0064923216240853e-46", "7.0064923216240854e-46",
        "7.00649232162408535461864791644958065640130970938257885878534141944895541342930300743319094181060791015625e-46",
        "7.00649232162408535461864791644958065640130970938257885878534141944895541342930300743319094181060791015626e-46",
        "1e-45", "1e-46", "1e-64", "9999999999999999999e-65", "9999999999999999999e-64", "1e-65", "1e-400",
        "0.00000000000000000000000000000000000000000000140129846432481707", "123456789012345678", "1234567890123456789",
        "12345678901234567890", "123456789012345678901", "0.12345678901234567890123456789",
        "0.000000000000000000000000000012345678901234567890123", "9999999999999999999", "18446744073709551615",
        "18446744073709551616", "1844674407370955161500000000000000000000e-20", "8.5899346e9", "8.589934592e9",
        "0.1", "0.2", "0.3", "0.7", "1e10", "1e11", "1e22", "1e23", "5e-324", "2.2250738585072014e-308",
    ]
}

extension String {
    fileprivate func replacingLast(_ old: Character, by new: Character) -> String {
        guard let place = lastIndex(of: old) else { return self }
        return String(self[..<place]) + String(new) + String(self[index(after: place)...])
    }
}

/// The table's formula in arithmetic of any length, slow and plain.
private enum LongPower {
    static func entry(_ power: Int) -> (high: UInt64, low: UInt64) {
        var five: [UInt32] = [1]
        for _ in 0..<abs(power) { five = multiplied(five, by: 5) }
        let bits = bitCount(five)
        if power >= 0 { return top128(shiftedLeft(five, by: 256), 256 + bits) }
        // 2^(bits + 127) / 5^-power by long division, bit by bit.
        var rest: [UInt32] = [1]
        var quotient: [UInt32] = [0]
        for _ in 0..<(bits + 127) {
            rest = shiftedLeft(rest, by: 1)
            quotient = shiftedLeft(quotient, by: 1)
            if !isLess(rest, five) {
                rest = subtracted(rest, five)
                quotient[0] |= 1
            }
        }
        if power >= -27 { quotient = addedOne(quotient) }
        return top128(quotient, bitCount(quotient))
    }

    static func top128(_ value: [UInt32], _ bits: Int) -> (high: UInt64, low: UInt64) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for place in stride(from: bits - 1, through: max(0, bits - 128), by: -1) {
            high = high << 1 | low >> 63
            low = low << 1 | UInt64(value[place / 32] >> UInt32(place % 32) & 1)
        }
        return (high, low)
    }

    static func multiplied(_ value: [UInt32], by factor: UInt64) -> [UInt32] {
        var carry: UInt64 = 0
        var result: [UInt32] = []
        for word in value {
            carry += UInt64(word) * factor
            result.append(UInt32(truncatingIfNeeded: carry))
            carry >>= 32
        }
        if carry > 0 { result.append(UInt32(carry)) }
        return result
    }

    static func shiftedLeft(_ value: [UInt32], by shift: Int) -> [UInt32] {
        var result = value
        for _ in 0..<shift { result = multiplied(result, by: 2) }
        return result
    }

    static func addedOne(_ value: [UInt32]) -> [UInt32] {
        var result = value
        for index in result.indices {
            result[index] &+= 1
            if result[index] != 0 { return result }
        }
        return result + [1]
    }

    static func bitCount(_ value: [UInt32]) -> Int {
        for index in value.indices.reversed() where value[index] != 0 {
            return 32 * index + 32 - value[index].leadingZeroBitCount
        }
        return 0
    }

    static func isLess(_ left: [UInt32], _ right: [UInt32]) -> Bool {
        for index in (0..<max(left.count, right.count)).reversed() {
            let a = index < left.count ? left[index] : 0
            let b = index < right.count ? right[index] : 0
            if a != b { return a < b }
        }
        return false
    }

    static func subtracted(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
        var result = left
        var borrow: Int64 = 0
        for index in left.indices {
            let difference = Int64(left[index]) - (index < right.count ? Int64(right[index]) : 0) - borrow
            borrow = difference < 0 ? 1 : 0
            result[index] = UInt32(truncatingIfNeeded: difference)
        }
        return result
    }
}
