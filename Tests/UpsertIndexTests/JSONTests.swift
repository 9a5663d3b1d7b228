import Foundation
import Testing

@testable import UpsertIndex

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONReader.parse(Array(text.utf8)[...]) }

    @Test(arguments: [
        "", " ", "nul", "tru", "{", "[", "[1,]", "[,1]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{\"a\":}", "[1 2]", "01",
        "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "\"", "\"\\\"", "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "\"a\tb\"", "1 2",
        "{} x", "'a'", "[1]]", "\u{feff}1",
    ])
    func refusesBrokenText(_ text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test func refusesBytesThatAreNotUTF8() {
        for bad: [UInt8] in [[0xff], [0xc3], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80]] {
            #expect(throws: JSONError.self) { try JSONReader.parse(([0x22] + bad + [0x22])[...]) }
        }
    }

    @Test func boundsDepth() throws {
        let deep = { (count: Int) in String(repeating: "[", count: count) + String(repeating: "]", count: count) }
        _ = try parse(deep(64))
        #expect(throws: JSONError.self) { try parse(deep(65)) }
        #expect(throws: JSONError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
    }

    @Test(arguments: [
        ("\"\\u00e9\\n\\/\\\\\\\"\"", "é\n/\\\""), ("\"\\ud83d\\ude00\"", "😀"), ("\"ż😀\"", "ż😀"), ("\"\"", ""),
        ("\"\\u0000\"", "\0"),
    ])
    func readsStrings(_ text: String, _ expected: String) throws {
        #expect(try parse(text) == .string(expected))
    }

    @Test func ofARepeatedNameTheLastCounts() throws {
        #expect(try parse(#"{"a":1,"a":2}"#)["a"] == .number(2))
    }

    @Test func namesThatOnlyLookAlikeAreDifferent() throws {
        let value = try parse("{\"e\u{301}\":1,\"\u{e9}\":2}")
        #expect(value["e\u{301}"] == .number(1))
        #expect(value["\u{e9}"] == .number(2))
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "0.1", "1e22", "1e23", "9007199254740993", "123456789012345678901234567890", "5e-324",
        "1.7976931348623157e308", "2.2250738585072011e-308", "0.000001", "1E+2", "1e-5", "0e999999999999", "1e999",
        "3.141592653589793115997963", "8.5e-23", "0.00000000000000000000000000000001",
    ])
    func readsNumbersAsGlibcDoes(_ text: String) throws {
        guard case .number(let value) = try parse(text) else {
            Issue.record("no number")
            return
        }
        #expect(value.bitPattern == strtod(text, nil).bitPattern)
    }

    @Test func readsRandomNumbersAsGlibcDoes() throws {
        var random = seededGenerator()
        for _ in 0..<20000 {
            let whole = String(
                UInt64.random(in: 0...UInt64.max >> UInt64.random(in: 0...63, using: &random), using: &random))
            let fraction = String(
                UInt64.random(in: 0...UInt64.max >> UInt64.random(in: 0...63, using: &random), using: &random))
            let text = "\(whole).\(fraction)e\(Int.random(in: -330...310, using: &random))"
            #expect(try parse(text) == .number(strtod(text, nil)), "\(text)")
        }
    }

    @Test func writesWhatItReads() throws {
        let text = #"{"a":[1,-2.5,1e+300,true,false,null],"b":{"c":"q\"\\\u0001é"},"":0}"#
        let value = try parse(text)
        #expect(JSONWriter.text { $0.value(value) } == text)
        #expect(JSONWriter.text { $0.number(-0.0) } == "-0.0")
        #expect(JSONWriter.text { $0.number(0x1p53) } == "9007199254740992")
    }

    @Test func randomBytesNeverTrap() {
        var random = seededGenerator()
        let alphabet = Array("{}[]\",:0123456789.eE+-\\untrfals \u{e9}".utf8) + [0, 0xff]
        for _ in 0..<20000 {
            let text = (0..<Int.random(in: 0...24, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            _ = try? JSONReader.parse(text[...])
        }
    }
}
