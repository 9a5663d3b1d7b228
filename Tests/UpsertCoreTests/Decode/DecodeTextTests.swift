import Testing

@testable import UpsertCore

private func textReader() -> RecordReader { reader(.ndjson, api: .records) }

@Suite struct `Text records` {
    @Test func `a bare record keeps its fields in order, compact, id first`() {
        var reader = textReader()
        let result = reader.read(
            #"{ "text" : "h\u00e9llo\/" , "_id" : "r1" , "n" : 1.50 , "tags" : [ "a" , "b" ] , "gone" : null }"#)
        let expected = #"{"_id":"r1","text":"héllo/","n":1.50,"tags":["a","b"]}"# + "\n"
        #expect(reader.encodedText == expected)
        #expect(result.operation?.kind == .upsert)
        #expect(result.operation?.weight == expected.utf8.count)
        #expect(reader.read(#"{"id":"r2"}"#).operation != nil)
        #expect(reader.encodedText == #"{"_id":"r2"}"# + "\n")
    }

    @Test func `an envelope carries operation and namespace`() {
        var reader = textReader()
        let upsert = reader.read(#"{"namespace":"ns","record":{"_id":"a","text":"t","op":"mine","record":"too"}}"#)
        #expect(upsert.operation?.namespace == "ns")
        #expect(reader.encodedText == #"{"_id":"a","text":"t","op":"mine","record":"too"}"# + "\n")
        #expect(reader.read(#"{"op":"upsert","id":"out","record":{"text":"t"}}"#).operation != nil)
        #expect(reader.encodedText == #"{"_id":"out","text":"t"}"# + "\n")
        let delete = reader.read(#"{"op":"delete","_id":"a","namespace":"ns"}"#)
        #expect(delete.operation == ReadOperation(kind: .delete, namespace: "ns", idLength: 1, weight: 0))
        #expect(reader.encodedText == #""a","#)
    }

    @Test func `an object is an envelope only if nothing else stands in it`() {
        var reader = textReader()
        for bare in [
            #"{"_id":"a","op":"sum","text":"t"}"#, #"{"_id":"a","namespace":"mine"}"#, #"{"_id":"a","record":"vinyl"}"#,
            #"{"_id":"a","op":7}"#,
        ] {
            #expect(
                reader.read(bare).operation
                    == ReadOperation(
                        kind: .upsert, namespace: nil, idLength: 1, weight: bare.utf8.count + 1), "\(bare)")
            #expect(reader.encodedText == bare + "\n")
        }
    }

    @Test func `what text records may not be`() {
        func refused(
            _ json: String, _ code: Rejection.Code, _ pointer: String, id: String? = "a",
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            expectRefused(json, code, pointer, id: id, by: textReader(), sourceLocation: sourceLocation)
        }
        refused(#"{"_id":"a","id":"b","text":"t"}"#, .duplicateField, "/id")
        refused(#"{"_id":"a","text":"t","text":"u"}"#, .duplicateField, "/text")
        refused(#"{"_id":"a","text":"t","\u0074ext":"u"}"#, .duplicateField, "/text")
        refused(#"{"_id":"a","record":{"x":1},"other":1}"#, .metadataType, "/record")
        refused(#"{"op":"upsert","_id":"a"}"#, .missingField, "/record")
        refused(#"{"op":"delete","_id":"a","record":{"text":"t"}}"#, .unknownField, "")
        refused(#"{"op":"delete"}"#, .missingField, "/id", id: nil)
        refused(#"{"op":"update","_id":"a","record":{"text":"t"}}"#, .unsupportedOperation, "/op")
        refused(#"{"op":"sum","_id":"a"}"#, .unsupportedOperation, "/op")
        refused(#"{"_id":"a","record":{"_id":"b"}}"#, .duplicateField, "/record/_id")
        refused(#"{"_id":"a","op":"upsert","record":{"x":{}}}"#, .metadataType, "/record/x")
        refused(#"{"_id":"a","op":"upsert","record":[]}"#, .wrongType, "/record")
        refused(#"{"_id":"a","x":{}}"#, .metadataType, "/x")
        refused(#"{"_id":"a","$x":1}"#, .metadataKey, "/$x")
        refused(#"{"_id":"a","x":1e999}"#, .notFinite, "/x")
        refused(#"{"_id":7,"x":1}"#, .wrongType, "/_id", id: nil)
        refused(#"{"_id":"a","x":"\ud800"}"#, .malformed, "")
        refused(#"{"_id":"a","op":"upsert","record":{"x":1}"#, .malformed, "")
        refused(#"{"_id":"a","record":{"#, .malformed, "", id: nil)
        let limit = RequestLimits.published(.ndjson, .upsert).bytesMax - RequestLimits.envelopeBytes
        let around = #"{"_id":"a","t":""}"#.utf8.count + 1
        var reader = textReader()
        func text(_ count: Int) -> String { "{\"_id\":\"a\",\"t\":\"\(String(repeating: "x", count: count))\"}" }
        #expect(reader.read(text(limit - around)).operation != nil)
        refused(text(limit - around + 1), .recordTooLarge, "")
    }

    @Test func `an id is derived from the canonical form`() {
        var reader = textReader()
        var ids: Set<String> = []
        for record in [
            #"{"b":1.0,"a":"é","z":null,"l":["x"]}"#, #"{"l":[ "x" ],"a":"\u00e9","b":10e-1}"#,
            #"{"record":{"a":"é","b":1,"l":["x"]},"namespace":"n"}"#,
        ] {
            #expect(reader.read(record).operation?.idLength == 64)
            ids.insert(reader.idText)
        }
        #expect(ids == [hex(Array(#"{"a":"é","b":1,"l":["x"]}"#.utf8).withUnsafeBytes(sha256))])
    }
}

@Suite struct `Canonical JSON` {
    /// From RFC 8785, appendix B.
    static let numbers: [(UInt64, String)] = [
        (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
        (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
        (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
        (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
        (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
        (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
        (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
        (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
        (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
        (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
        (0x41b3_de43_5555_5557, "333333333.33333343"), (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ]

    @Test func `numbers print as ECMAScript prints them`() {
        for (bits, text) in Self.numbers {
            var bytes: [UInt8] = []
            CanonicalJSON.append(Double(bitPattern: bits), to: &bytes)
            #expect(String(decoding: bytes, as: UTF8.self) == text)
        }
    }

    @Test func `keys sort by UTF-16 code units`() {
        // RFC 8785, section 3.2.3.
        let keys = ["\u{20ac}", "\r", "\u{fb33}", "1", "\u{1f600}", "\u{80}", "\u{f6}", "ab", "a", ""]
        let expected = keys.sorted { Array($0.utf16).lexicographicallyPrecedes(Array($1.utf16)) }
        let sorted = keys.sorted { CanonicalJSON.isLess(Array($0.utf8)[...], Array($1.utf8)[...]) }
        #expect(sorted == expected)
    }
}
