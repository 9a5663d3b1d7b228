import Testing

@testable import UpsertIndex

@Suite struct FilterTests {
    private func filter(_ text: String) throws -> Filter { try Filter(try JSONReader.parse(Array(text.utf8)[...])) }

    private func matches(_ filter: String, _ metadata: String) throws -> Bool {
        try self.filter(filter).matches(text: Array(metadata.utf8)[...])
    }

    @Test(arguments: [
        (#"{"g":"x"}"#, #"{"g":"x"}"#, true), (#"{"g":"x"}"#, #"{"g":"y"}"#, false), (#"{"g":"x"}"#, "{}", false),
        (#"{"g":"x"}"#, "", false), (#"{"g":"x"}"#, #"{"g":["x","y"]}"#, true),
        (#"{"g":1}"#, #"{"g":"1"}"#, false), (#"{"g":1}"#, #"{"g":true}"#, false),
        (#"{"g":true}"#, #"{"g":true}"#, true),
        (#"{"g":{"$ne":"x"}}"#, "{}", true), (#"{"g":{"$ne":"x"}}"#, #"{"g":["x"]}"#, false),
        (#"{"g":{"$ne":"x"}}"#, #"{"g":1}"#, true),
        (#"{"n":{"$gt":1}}"#, #"{"n":1}"#, false), (#"{"n":{"$gt":1}}"#, #"{"n":1.0001}"#, true),
        (#"{"n":{"$gte":1}}"#, #"{"n":1}"#, true), (#"{"n":{"$lt":1}}"#, #"{"n":1}"#, false),
        (#"{"n":{"$lte":1}}"#, #"{"n":1}"#, true), (#"{"n":{"$gt":1}}"#, #"{"n":"2"}"#, false),
        (#"{"n":{"$gt":1}}"#, "{}", false), (#"{"n":{"$gte":1,"$lt":3}}"#, #"{"n":3}"#, false),
        (#"{"n":{"$gte":1,"$lt":3}}"#, #"{"n":2}"#, true),
        (#"{"g":{"$in":["a","b"]}}"#, #"{"g":"b"}"#, true), (#"{"g":{"$in":[]}}"#, #"{"g":"b"}"#, false),
        (#"{"g":{"$in":["a",2]}}"#, #"{"g":2}"#, true), (#"{"g":{"$in":["a"]}}"#, #"{"g":["z","a"]}"#, true),
        (#"{"g":{"$nin":["a"]}}"#, "{}", true), (#"{"g":{"$nin":["a"]}}"#, #"{"g":"a"}"#, false),
        (#"{"g":{"$exists":true}}"#, #"{"g":""}"#, true), (#"{"g":{"$exists":false}}"#, "{}", true),
        (#"{"$and":[{"a":1},{"b":2}]}"#, #"{"a":1,"b":2}"#, true), (#"{"$and":[{"a":1},{"b":2}]}"#, #"{"a":1}"#, false),
        (#"{"$or":[{"a":1},{"b":2}]}"#, #"{"b":2}"#, true), (#"{"$or":[{"a":1},{"b":2}]}"#, "{}", false),
        (#"{"a":1,"b":2}"#, #"{"a":1,"b":3}"#, false),
        (#"{"$or":[{"$and":[{"a":1},{"b":2}]},{"c":3}]}"#, #"{"c":3}"#, true),
        ("{\"e\u{301}\":1}", "{\"\u{e9}\":1}", false), ("{\"g\":\"e\u{301}\"}", "{\"g\":\"\u{e9}\"}", false),
    ])
    func decides(_ filter: String, _ metadata: String, _ expected: Bool) throws {
        #expect(try matches(filter, metadata) == expected)
    }

    @Test(arguments: [
        "[]", "1", #"{"$foo":1}"#, #"{"g":{"$foo":1}}"#, #"{"g":{}}"#, #"{"g":null}"#, #"{"g":["a"]}"#,
        #"{"g":{"$gt":"a"}}"#, #"{"g":{"$gt":true}}"#, #"{"g":{"$in":"a"}}"#, #"{"g":{"$in":[null]}}"#,
        #"{"g":{"$exists":1}}"#, #"{"$and":[]}"#, #"{"$and":{}}"#, #"{"$or":[1]}"#, #"{"g":{"$eq":[1]}}"#,
    ])
    func refuses(_ text: String) {
        #expect(throws: ServiceError.self) { try filter(text) }
    }

    @Test func listsTakeTenThousandValues() throws {
        let list = { (count: Int) in
            #"{"g":{"$in":["# + (0..<count).map(String.init).joined(separator: ",") + "]}}"
        }
        _ = try filter(list(10000))
        #expect(throws: ServiceError.self) { try filter(list(10001)) }
    }

    @Test func nestingIsBounded() {
        var text = #"{"a":1}"#
        for _ in 0..<30 { text = #"{"$and":[\#(text)]}"# }
        #expect(throws: ServiceError.self) { try filter(text) }
    }
}
