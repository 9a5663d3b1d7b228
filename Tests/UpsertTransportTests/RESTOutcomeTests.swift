import Testing
import UpsertCore

@testable import UpsertTransport

/// Every row of the REST outcome table.
struct RESTOutcomeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var status: Int
        var type: String
        var body: String
        var operation: OperationKind
        var kind: String

        var testDescription: String { "\(status) \(operation) \(body.prefix(60))" }
    }

    static func numbered(
        _ status: Int, _ code: Int, _ message: String, _ kind: String, _ operation: OperationKind = .upsert
    ) -> Row {
        let body = #"{"code":\#(code),"message":"\#(message)","details":[]}"#
        return Row(status: status, type: "application/json", body: body, operation: operation, kind: kind)
    }

    static func named(
        _ status: Int, _ code: String, _ message: String, _ kind: String, _ operation: OperationKind = .upsert
    ) -> Row {
        let body = #"{"status":\#(status),"error":{"code":"\#(code)","message":"\#(message)"}}"#
        return Row(status: status, type: "application/json", body: body, operation: operation, kind: kind)
    }

    static func text(_ status: Int, _ text: String, _ kind: String, _ operation: OperationKind = .upsert) -> Row {
        Row(status: status, type: "text/plain; charset=utf-8", body: text, operation: operation, kind: kind)
    }

    static func page(_ status: Int, _ kind: String, _ operation: OperationKind = .upsert) -> Row {
        Row(status: status, type: "text/html", body: "<html>x</html>", operation: operation, kind: kind)
    }

    static let clientErrors = [
        numbered(400, 3, "Vector dimension 2 does not match the dimension of the index 1536", "refused"),
        numbered(400, 3, "Metadata size is 42177 bytes, which exceeds the limit of 40960 bytes per vector", "refused"),
        numbered(
            400, 3, "Metadata value must be x, got 'WRITE_TO_ALIAS' for field 'maximum supported size'", "refused"),
        numbered(
            400, 11, "Error, message length too large: found 4553761 bytes, the limit is: 4194304 bytes", "tooLarge"),
        numbered(400, 3, "WRITE_TO_ALIAS", "hold(alias)", .delete),
        named(400, "INVALID_ARGUMENT", "Invalid input: Batch size exceeds 96", "tooLarge"),
        named(400, "INVALID_ARGUMENT", "missing field text", "refused"),
        named(400, "PAYLOAD_TOO_LARGE", "x", "tooLarge"),
        Row(
            status: 400, type: "application/json", body: #"{"error":{"code":"INVALID_ARGUMENT","message":"bad"}}"#,
            operation: .upsert, kind: "refused"),
        text(400, "Request size 3MB exceeds the maximum supported size of 2MB", "tooLarge"),
        text(400, "Bad x", "refused"),
        text(400, "<html>", "hold(unexpected_answer)"), page(400, "hold(unexpected_answer)"),
        Row(
            status: 400, type: "application/json", body: #"{"detail":"x"}"#, operation: .upsert,
            kind: "hold(unexpected_answer)"),
        text(401, "Unauthorized", "hold(unauthorized)"), numbered(402, 8, "x", "hold(quota)"),
        text(403, "Wrong API key", "hold(unauthorized)"),
        numbered(403, 7, "Request failed. You've reached the max storage allowed for project p", "hold(quota)"),
        numbered(404, 5, "Namespace not found", "noEffect", .delete),
        numbered(404, 5, "Namespace not found", "noEffect", .update),
        named(404, "NOT_FOUND", "vector 'a' not found in index", "noEffect", .update),
        named(404, "NOT_FOUND", "index 'it' does not exist", "hold(index_not_found)", .delete),
        numbered(404, 5, "Namespace not found", "hold(index_not_found)"),
        page(404, "hold(index_not_found)", .delete), text(404, "not found", "hold(index_not_found)", .delete),
        text(405, "x", "hold(unexpected_answer)"), text(408, "x", "ambiguous"),
        numbered(409, 6, "NAME_IN_USE_BY_ALIAS", "hold(alias)"),
        numbered(409, 6, "x", "hold(unexpected_answer)", .delete),
        numbered(409, 10, "aborted", "retry"),
        numbered(412, 9, "x", "refused"), page(412, "hold(unexpected_answer)"),
        text(412, "x", "hold(unexpected_answer)"),
        named(422, "INVALID_ARGUMENT", "x", "refused"), page(422, "hold(unexpected_answer)"),
        page(413, "tooLarge"), numbered(413, 3, "x", "tooLarge"), text(425, "early", "retry"),
        numbered(429, 8, "You've reached the upsert QPS limit for namespace n (100 QPS)", "retry"),
        numbered(429, 8, "You've reached your write unit limit for the current month (2000000).", "hold(quota)"),
        numbered(429, 8, "grpc: received message larger than max (5000000 vs. 4194304)", "tooLarge"),
        page(451, "hold(unexpected_answer)"), numbered(499, 1, "cancelled", "ambiguous"),
    ]

    static let otherAnswers = [
        page(302, "hold(unexpected_answer)"),
        numbered(500, 13, "x", "ambiguous"), page(500, "ambiguous"), page(501, "hold(unexpected_answer)"),
        page(502, "ambiguous"), numbered(503, 14, "x", "retry"), page(503, "retry"), page(504, "ambiguous"),
        text(
            503, "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
            "ambiguous"),
        text(503, "upstream connect error or disconnect/reset before headers. reset reason: overflow", "retry"),
        text(
            503,
            "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: overflow",
            "ambiguous"),
        page(505, "hold(unexpected_answer)"), page(520, "ambiguous"), page(204, "hold(unexpected_answer)"),
        page(200, "hold(unexpected_answer)"), text(200, "ok", "hold(unexpected_answer)"),
        text(200, "", "hold(unexpected_answer)"), text(200, "{}", "acknowledged", .delete),
        page(201, "hold(unexpected_answer)"), text(200, "{}", "hold(unexpected_answer)"),
        text(200, #"{"status":"ok"}"#, "hold(unexpected_answer)"),
        text(200, #"{"upsertedCount":"many"}"#, "acknowledged"),
        numbered(200, 13, "x", "hold(unexpected_answer)"),
    ]

    /// What answers a delete or update with status 200.
    static let changeAnswers = [OperationKind.update, .delete].flatMap { operation in
        [
            text(200, "{}", "acknowledged", operation), text(200, #"{"matchedRecords":3}"#, "acknowledged", operation),
            text(200, #" {"deletedCount": 0} "#, "acknowledged", operation),
            text(200, #"{"status":"ok"}"#, "hold(unexpected_answer)", operation),
            text(200, #"{"matchedRecords":3,"status":"ok"}"#, "hold(unexpected_answer)", operation),
            text(200, #"{"matchedRecords":"all"}"#, "hold(unexpected_answer)", operation),
            text(200, #"{"upsertedCount":1}"#, "hold(unexpected_answer)", operation),
            text(200, #"{"error":null}"#, "hold(unexpected_answer)", operation),
            text(200, #"{"error":"token expired"}"#, "hold(unexpected_answer)", operation),
            named(200, "UNAUTHENTICATED", "x", "hold(unexpected_answer)", operation),
            numbered(200, 13, "x", "hold(unexpected_answer)", operation),
            text(200, "[]", "hold(unexpected_answer)", operation),
            text(200, "null", "hold(unexpected_answer)", operation),
            text(200, "", "hold(unexpected_answer)", operation), page(200, "hold(unexpected_answer)", operation),
        ]
    }

    @Test("an answer means exactly one thing", arguments: clientErrors + otherAnswers + changeAnswers)
    func answer(_ row: Row) {
        let answer = RESTAnswer(status: row.status, contentType: row.type, body: Array(row.body.utf8))
        let outcome = RESTOutcome.outcome(of: .answered(answer), operation: row.operation, encoding: .json)
        #expect(outcome.kind == row.kind, "\(outcome)")
    }

    @Test("success carries count and LSN; records are acknowledged by an empty 201")
    func success() {
        let vectors = RESTAnswer(status: 200, lsn: 7, body: Array(#"{"upsertedCount": 12}"#.utf8))
        #expect(
            RESTOutcome.outcome(of: .answered(vectors), operation: .upsert, encoding: .json)
                == .acknowledged(lsn: 7, count: 12))
        let records = RESTAnswer(status: 201)
        #expect(
            RESTOutcome.outcome(of: .answered(records), operation: .upsert, encoding: .ndjson)
                == .acknowledged(lsn: nil, count: nil))
        for body in [#"{"status":"ok"}"#, #"{"error":"x"}"#, "ok", "[]"] {
            let other = RESTAnswer(status: 201, body: Array(body.utf8))
            #expect(
                RESTOutcome.outcome(of: .answered(other), operation: .upsert, encoding: .ndjson).kind
                    == "hold(unexpected_answer)", "\(body)")
        }
        #expect(
            RESTOutcome.outcome(of: .answered(records), operation: .delete, encoding: .ndjson).kind
                == "hold(unexpected_answer)")
    }

    @Test("an index that describes itself says no count")
    func description() {
        let answer = RESTAnswer(status: 200, body: Array(#"{"dimension": 4}"#.utf8))
        func kind(isWrite: Bool) -> String {
            RESTOutcome.outcome(of: .answered(answer), operation: .upsert, encoding: .json, isWrite: isWrite).kind
        }
        #expect(kind(isWrite: false) == "acknowledged" && kind(isWrite: true) == "hold(unexpected_answer)")
    }

    @Test("Retry-After is honoured in seconds and as a date", arguments: [429, 503])
    func retryAfter(_ status: Int) {
        for (text, after) in [("2.5", Duration.milliseconds(2_500)), ("Thu, 01 Jan 1970 00:01:00 GMT", .seconds(20))] {
            let answer = RESTAnswer(status: status, retryAfter: text, body: Array(#"{"code":8,"message":"m"}"#.utf8))
            #expect(
                RESTOutcome.outcome(of: .answered(answer), operation: .upsert, encoding: .json, now: 40)
                    == .retry(after: after, throttled: status == 429, reason: "HTTP \(status): m"))
        }
    }

    @Test("a refusal keeps the server's own words")
    func words() {
        let body =
            #"{"code":3,"message":"Metadata value must be a string, got '[\"\u00e9\"]' for field 'x'","details":[]}"#
        let answer = RESTAnswer(status: 400, contentType: "application/json", body: Array(body.utf8))
        #expect(
            RESTOutcome.outcome(of: .answered(answer), operation: .upsert, encoding: .json)
                == .refused(reason: "Metadata value must be a string, got '[\"é\"]' for field 'x'"))
    }
}
