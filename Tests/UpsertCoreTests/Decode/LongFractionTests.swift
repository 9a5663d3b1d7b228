import Glibc
import Testing
import UpsertTestSupport

@testable import UpsertCore

@Suite struct LongFractionTests {
    /// Reads a number by the short way only.
    static func read(_ text: String) -> (bits: UInt32, count: Int)? {
        let padded = Array(text.utf8) + [UInt8](repeating: 0, count: RecordReader.paddingBytes)
        return padded.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress,
                let found = LongFraction.read(start, power: DecimalFloat.constants[LongFraction.powerOffset])
            else { return nil }
            return (found.magnitude, found.end - start)
        }
    }

    @Test func `what the short way reads is what strtof reads, close to and on the halves between floats too`() {
        var generator = TestRandom.forTest()
        var taken = 0
        for _ in 0..<TestEnvironment.runs(200_000) {
            let text = Self.text(using: &generator)
            guard let found = Self.read(text) else { continue }
            taken += 1
            if found.bits != strtof(text, nil).bitPattern || found.count != text.utf8.count - 1 {
                Issue.record("\(text): \(found)")
                return
            }
        }
        #expect(taken > 0)
    }

    /// A digit, a point and at least sixteen digits: of a random double, of a float, or of a half between two floats with some
    /// digits of it cut off, added or changed.
    private static func text(using generator: inout TestRandom) -> String {
        let float = Float(bitPattern: UInt32.random(in: 0x3000_0000..<0x4120_0000, using: &generator))
        let value: Double
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: value = Double.random(in: 0..<9.9, using: &generator)
        case 1: value = Double(float)
        default: value = (Double(float) + Double(float.nextUp)) / 2
        }
        var digits = Array(fixed(value).utf8.prefix(Int.random(in: 18...40, using: &generator)))
        if Int.random(in: 0..<4, using: &generator) == 0 {
            digits[Int.random(in: 12..<digits.count, using: &generator)] = UInt8.random(
                in: 0x30...0x39, using: &generator)
        }
        return String(decoding: digits, as: UTF8.self) + ["}", ",", "]", " "].randomElement(using: &generator)!
    }

    /// The exact value with 60 places.
    private static func fixed(_ value: Double) -> String {
        var buffer = [CChar](repeating: 0, count: 80)
        withVaList([value]) { _ = vsnprintf(&buffer, buffer.count, "%.60f", $0) }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test(arguments: [
        "0.000000000000000000000,", "0.0000123456789012345,", "12.3456789012345678,", "0.123456789012345,",
        "0.12345678901234567890123456,", "0.1234567890123456e5,", "0.1234567890123456E5,", "-0.1234567890123456,",
        "0x1234567890123456,", ".01234567890123456,",
        // Too close to the half between two floats, and exactly on one.
        "1.0000001788139343,", "1.00000005960464477539,", "0.50000002980232238769531250,",
    ])
    func `leaves the rest to the long way`(text: String) {
        #expect(Self.read(text) == nil)
    }

    @Test func `takes what a vector of floats looks like`() {
        #expect(Self.read("0.01141101773828268, ")?.bits == Float(0.01141101773828268).bitPattern)
        #expect(Self.read("0.0340174436569217391234]")?.bits == Float(0.0340174436569217391234).bitPattern)
    }
}
