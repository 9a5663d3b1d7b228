import Testing
import UpsertCore

/// Inputs of a size that nobody needs: refused with a reason, in bounded time, without a trap.
@Suite struct LargeInputTests {
    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func refusal(_ input: [UInt8]) -> Rejection? {
        var reader = RecordReader(
            RecordRules(api: .vectors, encoding: .protobuf, dimension: nil) { _ in Array(repeating: 7, count: 32) })
        let padded = input + [UInt8](repeating: 0, count: RecordReader.paddingBytes)
        let result = padded.withUnsafeBytes { reader.read(UnsafeRawBufferPointer(rebasing: $0[..<input.count])) }
        if case .rejected(let rejection) = result { return rejection }
        return nil
    }

    @Test(arguments: ["[", "{\"a\":"]) func `JSON nested ten thousand deep is refused`(open: String) throws {
        let deep = String(repeating: open, count: 10_000)
        let close = String(repeating: open == "[" ? "]" : "}", count: 10_000)
        let record = Self.bytes("{\"id\":\"a\",\"values\":[1],\"metadata\":{\"m\":" + deep + "1" + close + "}}")
        #expect(refusal(record) != nil)
        try BodyJudge.judge(Self.bytes(deep + "1" + close))
    }

    /// A hundred megabytes; less where nothing is optimised.
    #if DEBUG
        private static let manyBytes = 2_000_000
    #else
        private static let manyBytes = 100_000_000
    #endif

    @Test(arguments: ["x", "1,", "\\u0041"]) func `a record of a hundred megabytes is refused`(filler: String) {
        let text = String(repeating: filler, count: Self.manyBytes / filler.utf8.count)
        let record =
            filler == "1,"
            ? "{\"id\":\"a\",\"values\":[\(text)1]}" : "{\"id\":\"a\",\"values\":[1],\"metadata\":{\"m\":\"\(text)\"}}"
        #expect(refusal(Self.bytes(record)) != nil)
    }

    @Test func `a key of a megabyte is refused, and not repeated whole in the reason`() throws {
        let key = String(repeating: "k", count: 1_000_000)
        for record in ["{\"id\":\"a\",\"\(key)\":1}", "{\"id\":\"a\",\"values\":[1],\"metadata\":{\"\(key)\":[1]}}"] {
            let rejection = try #require(refusal(Self.bytes(record)))
            #expect(rejection.reason.utf8.count < 10_000, "\(rejection.reason.utf8.count)")
            #expect(rejection.pointer.utf8.count < 10_000, "\(rejection.pointer.utf8.count)")
        }
    }

    @Test(arguments: ["1e999999999", "-1e999999999", String(repeating: "9", count: 5_000)])
    func `a number beyond float32 is refused`(number: String) {
        #expect(refusal(Self.bytes("{\"id\":\"a\",\"values\":[1,\(number)]}"))?.code == .notFinite)
    }

    @Test func `a number of five thousand digits within float32 is read`() {
        let digits = String(repeating: "3", count: 5_000)
        #expect(refusal(Self.bytes("{\"id\":\"a\",\"values\":[0.\(digits)]}")) == nil)
        #expect(refusal(Self.bytes("{\"id\":\"a\",\"values\":[1],\"metadata\":{\"n\":0.\(digits)}}")) == nil)
    }
}
