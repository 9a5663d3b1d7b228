import NIOCore
import Testing

@testable import UpsertTransport

struct SmallPartsTests {
    @Test("an HTTP date is read to the second")
    func httpDate() {
        #expect(RetryHint.secondsSince1970(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(RetryHint.secondsSince1970(httpDate: "Thu, 29 Feb 2024 00:00:00 GMT") == 1_709_164_800)
        #expect(RetryHint.secondsSince1970(httpDate: "Fri, 31 Dec 9999 23:59:59 GMT") == 253_402_300_799)
        for text in [
            "", "tomorrow", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Now 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49 GMT",
        ] {
            #expect(RetryHint.secondsSince1970(httpDate: text) == nil)
        }
    }

    @Test("an absurd hint is cut to a day, a senseless one dropped")
    func absurdHints() {
        #expect(RetryHint.retryAfter("1e300", now: 0) == .seconds(86_400))
        for text in ["-1", "nan", "inf", ""] { #expect(RetryHint.retryAfter(text, now: 0) == nil) }
    }

    @Test("a request id is a version 4 UUID, and never the same")
    func requestID() {
        let first = RequestID.make()
        let digits = Set("0123456789abcdef")
        #expect(first.split(separator: "-").map(\.count) == [8, 4, 4, 4, 12])
        #expect(first.allSatisfy { digits.contains($0) || $0 == "-" })
        #expect(Array(first)[14] == "4")
        #expect("89ab".contains(Array(first)[19]))
        #expect(RequestID.make() != first)
    }

    @Test(
        "a gRPC timeout has at most eight digits",
        arguments: [
            (Duration.milliseconds(7_500), "7500000u"), (.seconds(98), "98000000u"), (.seconds(99), "99000m"),
            (.seconds(86_400), "86400000m"), (.seconds(1_000_000), "1000000S"), (.zero, "0u"), (.seconds(-1), "0u"),
        ])
    func timeout(_ duration: Duration, _ text: String) {
        #expect(GRPCMethod.timeoutText(duration) == text)
        #expect(text.count <= 9)
    }

    @Test("a grpc-message is percent-decoded as UTF-8, and kept where it is malformed")
    func percentDecoding() {
        #expect(GRPCAnswer.percentDecoded("a%20b%C3%A9") == "a bé")
        #expect(GRPCAnswer.percentDecoded("100%") == "100%")
        #expect(GRPCAnswer.percentDecoded("%zz%4") == "%zz%4")
    }

    @Test("a protobuf field is found behind fields of every wire type")
    func protobuf() {
        let message: [UInt8] = [0x0d, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1a, 2, 0x20, 0x05, 0x20, 0xac, 0x02]
        #expect(ProtobufFields.varint(4, in: message) == 300)
        #expect(ProtobufFields.varint(9, in: message) == nil)
        for length in 1..<message.count { _ = ProtobufFields.varint(4, in: Array(message.prefix(length))) }
        #expect(
            ProtobufFields.varint(1, in: [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]) == nil)
    }

    @Test("JSON fields are read with escapes, nested values skipped")
    func json() throws {
        let text =
            #" {"a":{"code":"X","deep":[{"b":["]}",1e3,null]}]},"message":"\"\u00e9\ud83d\ude00\n","n":-12,"f":1.5,"t":true} "#
        let fields = try #require(JSONFields(Array(text.utf8)[...]))
        #expect(fields.string("message") == "\"é😀\n")
        #expect(fields.integer("n") == -12)
        #expect(fields.integer("f") == nil)
        #expect(fields.object("a")?.string("code") == "X")
        #expect(fields.string("n") == nil)
    }

    @Test("malformed JSON is no object, and no cut of valid JSON is accepted")
    func malformedJSON() {
        let valid = Array(#"{"a":{"b":[1,"x\u00e9"]},"c":true,"d":"e"}"#.utf8)
        #expect(JSONFields(valid[...]) != nil)
        for length in 0..<valid.count { #expect(JSONFields(valid.prefix(length)) == nil) }
        let deep = Array((#"{"a":"# + String(repeating: "[", count: 100_000)).utf8)
        #expect(JSONFields(deep[...]) == nil)
        for text in ["[]", "\"x\"", "{} x", #"{"a":1,}"#, #"{"a" 1}"#, #"{"a":"\q"}"#, #"{"a":tru}"#] {
            #expect(JSONFields(Array(text.utf8)[...]) == nil, "\(text)")
        }
    }

    @Test(
        "a namespace becomes one path segment",
        arguments: [
            ("", "__default__"), ("ns 1/é", "ns%201%2F%C3%A9"), ("a.b-c_d~e", "a.b-c_d~e"), (".", "%2E"),
            ("..", "%2E%2E"),
            ("a%2Fb?c#d", "a%252Fb%3Fc%23d"),
        ])
    func pathSegment(_ namespace: String, _ segment: String) {
        #expect(RESTRequest.pathSegment(namespace) == segment)
    }
}
