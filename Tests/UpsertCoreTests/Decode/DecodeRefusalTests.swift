import Testing

@testable import UpsertCore

private func dense(_ count: Int) -> String {
    "[" + Array(repeating: "0.5", count: count).joined(separator: ",") + "]"
}

@Suite struct `Refused vector records` {
    @Test func `what is not JSON is malformed`() {
        for body in [
            #""values":[01]"#, #""values":[+1]"#, #""values":[.5]"#, #""values":[5.]"#, #""values":[1e]"#,
            #""values":[1e+]"#, #""values":[-]"#, #""values":[1,]"#, #""values":[,1]"#, #""values":[1 2]"#,
            #""values":[1"#, #""values":[NaN]"#, #""values":[Infinity]"#, #""values":[-Infinity]"#, #""values":[0x1]"#,
            #""values":[1.2.3]"#, #""values":[1],"#, #""values"[1]"#, #""values":"#, #"values:[1]"#, #""values":[1];"#,
            #""values":[1],"metadata":{"a":tru}"#, #""values":[1],"metadata":{"a":}"#,
            #""values":[1],"metadata":{"a" 1}"#,
            #""values":[1],"metadata":{"a":["b",]}"#, #""values":[1],"metadata":{"a":["b"}"#,
            #""values":[1],"metadata":{"a":1,}"#, #""values":[1],"metadata":{"a":01}"#,
            #""values":[1],"metadata":{"a":"\x"}"#, #""values":[1],"metadata":{"a":"\u12g4"}"#,
            #""values":[1],"metadata":{"a":"\ud800"}"#, #""values":[1],"metadata":{"a":"\ud800\u0041"}"#,
            #""values":[1],"metadata":{"a":"\udc00"}"#, "\"values\":[1],\"metadata\":{\"a\":\"\u{1}\"}",
            "\"values\":[1],\"metadata\":{\"a\":\"b\nc\"}", #""values":[1]} {"id":"b""#,
        ] {
            expectRefused("{\"id\":\"a\",\(body)}", .malformed, "")
        }
        expectRefused(#"{"id":"a","values":[1]"#, .malformed, "", id: nil)
        expectRefused("nonsense", .malformed, "", id: nil)
        expectRefused("{", .malformed, "", id: nil)
        expectRefused("}", .malformed, "", id: nil)
        expectRefused(#"{"id":"a","metadata":{}"#, .malformed, "")
    }

    @Test func `invalid UTF-8 is malformed`() {
        let wrong: [[UInt8]] = [
            [0x80], [0xc0, 0xaf], [0xc1, 0xbf], [0xc3], [0xe0, 0x80, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82],
            [0xf0, 0x80, 0x80, 0xaf], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xf0, 0x9f, 0x98],
        ]
        for bytes in wrong {
            for pad in 0..<9 {
                var reader = reader()
                let text = [UInt8](repeating: 0x61, count: pad)
                let record =
                    Array(#"{"id":"a","values":[1],"metadata":{"k":""#.utf8) + text + bytes + Array(#""}}"#.utf8)
                #expect(reader.read(bytes: record).rejection?.code == .malformed, "\(hex(bytes))")
                let key = Array(#"{"id":"a","values":[1],"metadata":{""#.utf8) + text + bytes + Array(#"":1}}"#.utf8)
                #expect(reader.read(bytes: key).rejection?.code == .malformed, "\(hex(bytes))")
            }
        }
        var reader = reader()
        for good in [
            "é", "\u{7ff}", "\u{800}", "\u{d7ff}", "\u{e000}", "\u{ffff}", "\u{10000}", "\u{10ffff}", "日本語テキスト",
        ] {
            #expect(reader.read("{\"id\":\"a\",\"values\":[1],\"metadata\":{\"k\":\"\(good)\"}}").operation != nil)
        }
    }

    @Test func `wrong JSON types are named with their pointers`() {
        expectRefused("[]", .wrongType, "", reason: "a JSON object, not an array", id: nil)
        expectRefused("3", .wrongType, "", id: nil)
        expectRefused(#"{"id":1,"values":[1]}"#, .wrongType, "/id", id: nil)
        expectRefused(#"{"_id":null,"values":[1]}"#, .wrongType, "/_id", id: nil)
        expectRefused(#"{"id":"a","values":{}}"#, .wrongType, "/values")
        expectRefused(#"{"id":"a","values":"1"}"#, .wrongType, "/values")
        expectRefused(#"{"id":"a","values":[1,"2"]}"#, .wrongType, "/values/1", reason: "not a string")
        expectRefused(#"{"id":"a","values":[null]}"#, .wrongType, "/values/0", reason: "not null")
        expectRefused(#"{"id":"a","values":[[1]]}"#, .wrongType, "/values/0")
        expectRefused(#"{"id":"a","sparse_values":[]}"#, .wrongType, "/sparse_values")
        expectRefused(#"{"id":"a","sparseValues":{"indices":1,"values":[1]}}"#, .wrongType, "/sparseValues/indices")
        expectRefused(#"{"id":"a","sparseValues":{"indices":[1],"values":{}}}"#, .wrongType, "/sparseValues/values")
        expectRefused(
            #"{"id":"a","sparseValues":{"indices":["1"],"values":[1]}}"#, .wrongType, "/sparseValues/indices/0")
        expectRefused(
            #"{"id":"a","sparse_values":{"indices":[1],"values":[true]}}"#, .wrongType, "/sparse_values/values/0")
        expectRefused(#"{"id":"a","values":[1],"metadata":[]}"#, .wrongType, "/metadata")
        expectRefused(#"{"op":"update","id":"a","setMetadata":"x"}"#, .wrongType, "/setMetadata")
        expectRefused(#"{"id":"a","values":[1],"namespace":1}"#, .wrongType, "/namespace")
        expectRefused(#"{"id":"a","values":[1],"op":1}"#, .wrongType, "/op")
    }

    @Test func `fields that are unknown, doubled, missing or of another operation`() {
        expectRefused(#"{"id":"a","vector":[1]}"#, .unknownField, "/vector", reason: "did you mean \"values\"")
        expectRefused(#"{"id":"a","valeus":[1]}"#, .unknownField, "/valeus", reason: "did you mean \"values\"")
        expectRefused(#"{"id":"a","x/~y":[1]}"#, .unknownField, "/x~1~0y")
        expectRefused(#"{"id":"a","_id":"b","values":[1]}"#, .duplicateField, "/_id")
        expectRefused(#"{"id":"a","values":[1],"values":[2]}"#, .duplicateField, "/values")
        expectRefused(
            #"{"id":"a","sparse_values":null,"sparseValues":null,"values":[1]}"#, .duplicateField, "/sparseValues")
        expectRefused(
            #"{"id":"a","sparse_values":{"indices":[1],"indices":[1],"values":[1]}}"#, .duplicateField,
            "/sparse_values/indices")
        expectRefused(
            #"{"id":"a","sparse_values":{"indexes":[1]}}"#, .unknownField, "/sparse_values/indexes", reason: "indices")
        expectRefused(#"{"id":"a","sparse_values":{"values":[1]}}"#, .missingField, "/sparse_values/indices")
        expectRefused(#"{"id":"a","sparse_values":{"indices":[1]}}"#, .missingField, "/sparse_values/values")
        expectRefused(#"{"id":"a","values":[1],"set_metadata":{}}"#, .unknownField, "/set_metadata", reason: "metadata")
        expectRefused(#"{"id":"a","op":"update","metadata":{}}"#, .unknownField, "/metadata", reason: "set_metadata")
        expectRefused(#"{"id":"a","op":"delete","values":[1]}"#, .unknownField, "/values")
        expectRefused(#"{"op":"delete"}"#, .missingField, "/id", id: nil)
        expectRefused(#"{"op":"update","values":[1]}"#, .missingField, "/id", id: nil)
        expectRefused(#"{"op":"update","id":"a"}"#, .noValues, "")
        expectRefused(#"{"op":"insert","id":"a"}"#, .unsupportedOperation, "/op")
        expectRefused(#"{"id":"a"}"#, .noValues, "", reason: "at least one of non-empty dense values or sparse values")
        expectRefused(#"{"id":"a","values":[]}"#, .noValues, "")
        expectRefused("{}", .noValues, "", id: nil)
    }

    @Test func `ids are 1 to 512 characters of ASCII without NUL`() {
        var reader = reader()
        for length in [1, 511, 512] {
            let id = String(repeating: "x", count: length)
            #expect(reader.read("{\"id\":\"\(id)\",\"values\":[1]}").operation?.idLength == length)
        }
        let long = String(repeating: "x", count: 513)
        expectRefused("{\"id\":\"\(long)\",\"values\":[1]}", .idTooLong, "/id", id: String(long.dropLast()))
        expectRefused("{\"values\":[1],\"_id\":\"\(long)\"}", .idTooLong, "/_id", id: String(long.dropLast()))
        expectRefused(#"{"id":"","values":[1]}"#, .idEmpty, "/id", id: nil)
        expectRefused(#"{"id":"é","values":[1]}"#, .idNotASCII, "/id", reason: "Vector ID must be ASCII", id: "é")
        expectRefused(#"{"id":"\u0000","values":[1]}"#, .idNotASCII, "/id", reason: "null character", id: "\0")
        for id in [" ", #"\n"#, #"\t"#, "'", #"\""#, "<b>", "a/b%20", #"\u007f"#] {
            #expect(reader.read("{\"id\":\"\(id)\",\"values\":[1]}").operation != nil)
        }
    }

    @Test func `namespaces are at most 512 characters of ASCII without NUL`() {
        var reader = reader()
        for length in [0, 1, 511, 512] {
            let name = String(repeating: "n", count: length)
            #expect(reader.read("{\"id\":\"a\",\"values\":[1],\"namespace\":\"\(name)\"}").operation?.namespace == name)
        }
        for name in [String(repeating: "n", count: 513), "é", #"\u0000"#] {
            expectRefused("{\"id\":\"a\",\"values\":[1],\"namespace\":\"\(name)\"}", .namespaceInvalid, "/namespace")
        }
    }

    @Test func `dense values have 1 to 20000 finite elements, as many as the index, not all zero`() {
        var reader = reader()
        for count in [1, 19_999, 20_000] {
            #expect(reader.read("{\"id\":\"a\",\"values\":\(dense(count))}").operation?.weight == 4 * count)
        }
        expectRefused("{\"id\":\"a\",\"values\":\(dense(20_001))}", .dimensionTooLarge, "/values", reason: "20001")
        var known = UpsertCoreTests.reader(dimension: 3)
        #expect(known.read("{\"id\":\"a\",\"values\":\(dense(3))}").operation != nil)
        #expect(known.read(#"{"id":"a","values":[],"sparse_values":{"indices":[1],"values":[1]}}"#).operation != nil)
        for count in [2, 4] {
            expectRefused(
                "{\"id\":\"a\",\"values\":\(dense(count))}", .dimensionMismatch, "/values",
                reason: "Vector dimension \(count) does not match the dimension of the index 3", by: known)
        }
        #expect(reader.read(#"{"id":"a","values":[0, 1e-8]}"#).operation != nil)
        #expect(reader.read(#"{"id":"a","values":[0, -1e-8]}"#).operation != nil)
        expectRefused(#"{"id":"a","values":[0, 9.9e-9]}"#, .allZero, "/values", reason: "at least one non-zero value")
        expectRefused(#"{"id":"a","values":[0.0, -0]}"#, .allZero, "/values")
        #expect(reader.read(#"{"id":"a","values":[3.4028235e38]}"#).operation != nil)
        expectRefused(#"{"id":"a","values":[1,3.4028236e38]}"#, .notFinite, "/values/1")
        expectRefused(#"{"id":"a","values":[1,2,-1e39]}"#, .notFinite, "/values/2")
    }

    @Test func `sparse values have 1 to 2048 elements and indices of 32 bits`() {
        func sparse(_ count: Int) -> String {
            "{\"id\":\"a\",\"sparse_values\":{\"indices\":[\((0..<count).map(String.init).joined(separator: ","))],\"values\":\(dense(count))}}"
        }
        var reader = reader()
        for count in [1, 2_047, 2_048] { #expect(reader.read(sparse(count)).operation?.weight == 8 * count) }
        expectRefused(sparse(2_049), .sparseTooLong, "/sparse_values")
        expectRefused(sparse(5_000), .sparseTooLong, "/sparse_values")
        expectRefused(
            sparse(0), .sparseEmpty, "/sparse_values", reason: "Sparse vector must contain at least one value")
        expectRefused(
            #"{"id":"a","sparse_values":{"indices":[1,2],"values":[1]}}"#, .sparseLengthsDiffer, "/sparse_values",
            reason: "2 and 1")
        func index(_ text: String) -> String {
            "{\"id\":\"a\",\"sparse_values\":{\"indices\":[7,\(text)],\"values\":[1,2]}}"
        }
        for good in ["0", "4294967294", "4294967295", "5.0", "1e3", "-0", "7"] {
            #expect(reader.read(index(good)).operation != nil, "\(good)")
        }
        for bad in ["-1", "4294967296", "1.5", "1e10", "99999999999999999999999999", "1e999"] {
            expectRefused(index(bad), .sparseIndex, "/sparse_values/indices/1")
        }
        expectRefused(
            #"{"id":"a","sparse_values":{"indices":[1],"values":[1e39]}}"#, .notFinite, "/sparse_values/values/0")
    }

    @Test func `metadata values are strings, numbers, booleans or lists of strings`() {
        func refused(_ value: String, shown: String) {
            expectRefused(
                "{\"id\":\"a\",\"values\":[1],\"metadata\":{\"ok\":1,\"x/y\":\(value)}}", .metadataType,
                "/metadata/x~1y",
                reason:
                    "Metadata value must be a string, number, boolean or list of strings, got '\(shown)' for field 'x/y'"
            )
        }
        refused("{ }", shown: "{}")
        refused(#"{ "b" : 10 }"#, shown: #"{"b":10.0}"#)
        refused("[1, 2]", shown: "[1.0,2.0]")
        refused(#"["a", null]"#, shown: #"["a",null]"#)
        refused(#"["a", ["b"]]"#, shown: #"["a",["b"]]"#)
        refused(#"[0.001, 0.002, 0.003]"#, shown: "[0.001,0.002,0.0...")
        refused(#"{"long":"ééééééééééé"}"#, shown: #"{"long":"ééé..."#)
        var reader = reader()
        for good in ["\"\"", "[]", "0", "-1.5e300", "true", "false", #"["a","b"]"#, "null"] {
            #expect(
                reader.read("{\"id\":\"a\",\"values\":[1],\"metadata\":{\"x\":\(good)}}").operation != nil, "\(good)")
        }
        expectRefused(#"{"id":"a","values":[1],"metadata":{"x":1e999}}"#, .notFinite, "/metadata/x")
        expectRefused(
            #"{"id":"a","values":[1],"metadata":{"$x":1}}"#, .metadataKey, "/metadata/$x",
            reason: "cannot start with '$'")
        expectRefused(#"{"id":"a","op":"update","set_metadata":{"\u0024x":1}}"#, .metadataKey, "/set_metadata/$x")
        #expect(reader.read(#"{"id":"a","values":[1],"metadata":{"":1,"é":2,"_x":3,"a$":4}}"#).operation != nil)
    }

    @Test func `metadata is refused only when JSON and protobuf both exceed 40960 bytes`() {
        // {"k":"…"} has 8 bytes around the text in JSON; in protobuf there are 15, with lengths of three bytes.
        func text(_ count: Int) -> String {
            "{\"id\":\"a\",\"values\":[1],\"metadata\":{\"k\":\"\(String(repeating: "x", count: count))\"}}"
        }
        var reader = reader()
        #expect(reader.read(text(40_952)).operation != nil)
        expectRefused(
            text(40_953), .metadataTooLarge, "/metadata",
            reason: "Metadata size is 40961 bytes, which exceeds the limit of 40960 bytes per vector")
        #expect(reader.read(text(40_951)).operation != nil)
        // Quotes take two bytes in JSON and one in protobuf, which then decides.
        func quotes(_ count: Int) -> String {
            "{\"id\":\"a\",\"values\":[1],\"metadata\":{\"k\":\"\(String(repeating: "\\\"", count: count))\"}}"
        }
        let around = 15
        #expect(reader.read(quotes(40_960 - around)).operation != nil)
        expectRefused(quotes(40_961 - around), .metadataTooLarge, "/metadata", reason: "40961")
        expectRefused(
            text(40_953).replacing("\"values\":[1],\"metadata\"", with: "\"op\":\"update\",\"setMetadata\""),
            .metadataTooLarge,
            "/setMetadata")
    }

    @Test func `a record larger than a request is refused`() {
        var protobuf = reader()
        // Values and sparse values cannot be that large; a number of very many digits can.
        func number(_ count: Int) -> String {
            "{\"id\":\"a\",\"values\":[1],\"metadata\":{\"k\":1.\(String(repeating: "0", count: count))}}"
        }
        let weight = 4 + #"{"k":1.}"#.utf8.count
        #expect(protobuf.read(number(2_000_000 - weight)).operation?.weight == 2_000_000)
        expectRefused(number(2_000_001 - weight), .recordTooLarge, "", reason: "2000001")
    }

    @Test func `the id is named wherever it stands`() {
        expectRefused(#"{"bad":1,"metadata":{"id":"inner"},"id":"a"}"#, .unknownField, "/bad")
        expectRefused(#"{"values":[0],"x":["id"],"_id":"\u0061"}"#, .allZero, "/values")
        expectRefused(#"{"values":[0],"id":7}"#, .allZero, "/values", id: nil)
    }
}
