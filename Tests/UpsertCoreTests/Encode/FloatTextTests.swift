import Glibc
import Testing
import UpsertTestSupport

@testable import UpsertCore

/// How many random floats each random test tries.
private let floatCount = TestEnvironment.runs(200_000)

/// The text of a float, however it is written.
private func text(
    _ bits: UInt32,
    by write: (UInt32, UnsafeMutableRawPointer, UnsafePointer<UInt64>) -> UnsafeMutableRawPointer = FloatText.write
) -> String {
    withUnsafeTemporaryAllocation(byteCount: FloatText.roomBytes, alignment: 8) { room in
        let end = write(bits, room.baseAddress!, FloatText.constants)
        return String(decoding: room.prefix(end - room.baseAddress!), as: UTF8.self)
    }
}

/// A number's digits without zeros at either end, its exponent aside.
private func digits(_ number: String) -> String {
    let digits = number.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
    return String(digits.reversed().drop { $0 == "0" }.reversed())
}

/// Whether the text is a number of RFC 8259: no zero before other digits, no point without digits behind it.
private func isJSON(_ number: String) -> Bool {
    var rest = Array(number.utf8)[...]
    func digits() -> ArraySlice<UInt8> {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        rest = rest.dropFirst(digits.count)
        return digits
    }
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let whole = digits()
    if whole.isEmpty || whole.count > 1 && whole.first == UInt8(ascii: "0") { return false }
    if rest.first == UInt8(ascii: ".") {
        rest = rest.dropFirst()
        if digits().isEmpty { return false }
    }
    if rest.first == UInt8(ascii: "e") {
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        if digits().isEmpty { return false }
    }
    return rest.isEmpty
}

/// Random floats: any bits at all, and the values of which embeddings consist.
private func floats(_ purpose: String) -> [UInt32] {
    var random = TestRandom.forTest(purpose)
    return (0..<floatCount).map { number in
        number % 2 == 0
            ? Float(Double.random(in: -1...1, using: &random) * (number % 4 == 0 ? 1 : 0.1)).bitPattern
            : UInt32(truncatingIfNeeded: random.next())
    }.filter { Float(bitPattern: $0).isFinite }
}

@Suite struct `Floats as text` {
    @Test(
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (-1, "-1"), (0.5, "0.5"), (0.1, "0.1"), (-0.25, "-0.25"), (0.01, "0.01"),
            (0.001, "0.001"), (0.0012, "0.0012"), (0.00012, "12e-5"), (1e-4, "1e-4"), (0.999_999_94, "0.99999994"),
            (1.000_000_1, "1.0000001"), (10, "10"), (100, "100"), (1_000, "1e3"), (12_000, "12e3"), (1_200, "1200"),
            (123_456.79, "123456.79"), (16_777_216, "16777216"), (3.402_823_5e38, "34028235e31"),
            (1.175_494_4e-38, "11754944e-45"), (1e-45, "1e-45"), (1e-44, "1e-44"), (0.015_625, "0.015625"),
            (0.107_421_875, "0.107421875"), (1.0e10, "1e10"), (0.122_070_31, "0.12207031"), (5e-324, "0"),
        ] as [(Double, String)])
    func `as short as it can be`(value: Double, expected: String) {
        #expect(text(Float(value).bitPattern) == expected)
    }

    @Test func `every float comes back, through a double too, and no digit could go`() {
        var wrong = 0
        for bits in floats("floats come back") {
            let number = text(bits)
            let isBack = strtof(number, nil).bitPattern == bits && Float(strtod(number, nil)).bitPattern == bits
            let isShort = digits(number).count == digits(Float(bitPattern: bits).description).count
            if isBack, isShort, isJSON(number), number.utf8.count <= FloatText.numberBytesMax { continue }
            wrong += 1
            if wrong <= 5 { Issue.record("\(bits) is written as \(number)") }
        }
        #expect(wrong == 0)
    }

    /// `UPSERTD_TEST_RUNS=400` tries all 83,703,057 of them.
    @Test func `the short way for common values writes what the long way writes`() {
        let (first, end): (UInt32, UInt32) = (0x3a83_126f, 0x3f80_0000)
        let step = max(1, Int(end - first) / floatCount)
        var wrong = 0
        for bits in stride(from: first, to: end, by: step) {
            #expect(PlainFraction.has(bits))
            let (short, long) = (text(bits), text(bits, by: FloatText.writeAny))
            if short == long { continue }
            // Exactly between two decimals, either will do.
            if short.utf8.count == long.utf8.count, strtof(short, nil).bitPattern == bits { continue }
            wrong += 1
            if wrong <= 5 { Issue.record("\(bits) is written as \(short), not \(long)") }
        }
        #expect(wrong == 0)
        #expect(!PlainFraction.has(first - 1) && !PlainFraction.has(end))
        for exponent in UInt32(117)...126 {
            #expect(text(exponent << 23) == text(exponent << 23, by: FloatText.writeAny))
        }
    }

    @Test func `what floats take at most is known before they are written`() {
        var random = TestRandom.forTest("float sizes")
        let all = floats("float sizes")
        for first in stride(from: 0, to: all.count - 20, by: 20) {
            let count = Int.random(in: 0...20, using: &random)
            var some = Array(all[first..<first + count])
            if Bool.random(using: &random) { some.append(0) }
            let written = some.map { text($0) }.joined(separator: ",").utf8.count
            // A producer that writes every float as shortly as this, with blanks, and one that writes doubles.
            for producer in [
                some.map { text($0) }.joined(separator: " , "),
                some.map { Double(Float(bitPattern: $0)).description }.joined(separator: ","),
            ] {
                let bound = some.withUnsafeBufferPointer { floats in
                    Array(producer.utf8).withUnsafeBytes { FloatTextSize.bytesMax(floats, text: $0) }
                }
                #expect(written <= bound, "\(some) are \(written) bytes")
            }
        }
    }

    @Test func `the bound is near what unit vectors take`() {
        var random = TestRandom.forTest("unit vectors")
        let values = (0..<768).map { _ in
            (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &random) } * 0.036
        }
        let written = values.map { text($0.bitPattern) }.joined(separator: ",").utf8.count
        let doubles = Array(values.map { Double($0).description }.joined(separator: ", ").utf8)
        let bound = values.map(\.bitPattern).withUnsafeBufferPointer { floats in
            doubles.withUnsafeBytes { FloatTextSize.bytesMax(floats, text: $0) }
        }
        #expect(written <= bound && Double(bound) < 1.06 * Double(written))
    }
}
