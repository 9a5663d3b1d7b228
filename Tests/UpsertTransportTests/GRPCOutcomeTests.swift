import Testing
import UpsertCore

@testable import UpsertTransport

/// Every row of the gRPC outcome table.
struct GRPCOutcomeTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var code: Int
        var message: String
        var operation: OperationKind
        var kind: String

        init(_ code: Int, _ message: String, _ kind: String, _ operation: OperationKind = .upsert) {
            self.code = code
            self.message = message
            self.operation = operation
            self.kind = kind
        }

        init(_ code: Int, _ kind: String) { self.init(code, "x", kind) }

        var testDescription: String { "\(code) \(operation) \(message.prefix(40))" }
    }

    static let rows = [
        Row(0, "acknowledged"), Row(0, "", "acknowledged", .delete),
        Row(1, "ambiguous"), Row(2, "ambiguous"), Row(4, "ambiguous"), Row(13, "ambiguous"),
        Row(3, "Vector dimension 2 does not match the dimension of the index 1536", "refused"),
        Row(3, "Metadata size is 42177 bytes, which exceeds the limit of 40960 bytes per vector", "refused"),
        Row(3, "Request size 3MB exceeds the maximum supported size of 2MB", "tooLarge"),
        Row(3, "Your request is larger than the maximum supported size - 2MB.", "tooLarge"),
        Row(
            3, "Error, decoded message length too large: found 8811089 bytes, the limit is: 4194304", "tooLarge"),
        Row(
            3, "Metadata value must be a string, got 'maximum supported size' for field 'WRITE_TO_ALIAS'", "refused"),
        Row(3, "WRITE_TO_ALIAS: writes must name the target", "hold(alias)", .delete),
        Row(5, "Namespace not found", "noEffect", .delete), Row(5, "Namespace not found", "noEffect", .update),
        Row(5, "Index not found", "hold(index_not_found)", .delete),
        Row(5, "Namespace not found", "hold(index_not_found)"),
        Row(6, "x", "hold(alias)"), Row(6, "x", "hold(unexpected_answer)", .delete),
        Row(6, "name is a namespace alias", "hold(alias)", .delete),
        Row(7, "Wrong API key", "hold(unauthorized)"),
        Row(7, "You've reached the max storage allowed for project p", "hold(quota)"),
        Row(8, "You've reached the upsert QPS limit for namespace n (100 QPS)", "retry"),
        Row(8, "You've reached your write unit limit for the current month (2000000).", "hold(quota)"),
        Row(8, "SERVER: Received message larger than max (2011772 vs. 1048576)", "tooLarge"),
        Row(8, "grpc: received message larger than max (5000000 vs. 4194304)", "tooLarge"),
        Row(8, "gRPC message exceeds maximum size 4194304: 6144592", "tooLarge"),
        Row(8, "Received message exceeds the maximum configured message size.", "tooLarge"),
        Row(2, "Payload Too Large", "tooLarge"), Row(2, "Payload Too Large for me", "ambiguous"),
        Row(
            14,
            "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: "
                + "remote connection failure", "ambiguous"),
        Row(9, "hold(unexpected_answer)"), Row(10, "retry"), Row(11, "tooLarge"), Row(12, "hold(unexpected_answer)"),
        Row(14, "retry"), Row(14, "no healthy upstream", "retry"),
        Row(
            14, "upstream connect error or disconnect/reset before headers. reset reason: connection failure", "retry"),
        Row(
            14, "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
            "ambiguous"),
        Row(14, "upstream request timeout", "ambiguous"),
        Row(15, "hold(unexpected_answer)"), Row(16, "hold(unauthorized)"), Row(99, "hold(unexpected_answer)"),
    ]

    @Test("a gRPC status means exactly one thing", arguments: rows)
    func status(_ row: Row) {
        let answer = GRPCAnswer(contentType: "application/grpc", status: row.code, message: row.message)
        #expect(GRPCOutcome.outcome(of: .answered(answer), operation: row.operation).kind == row.kind)
    }

    static let pages: [(Int, String, String, String)] = [
        (200, "text/html", "<html>", "hold(unexpected_answer)"), (200, "application/grpc", "", "ambiguous"),
        (301, "text/html", "", "hold(unexpected_answer)"), (400, "text/html", "<html>", "hold(unexpected_answer)"),
        (401, "text/plain", "Unauthorized", "hold(unauthorized)"), (402, "", "", "hold(quota)"),
        (403, "text/html", "<h1>Forbidden", "hold(unauthorized)"), (403, "", "QUOTA_EXCEEDED", "hold(quota)"),
        (404, "text/html", "<h1>Not Found", "hold(index_not_found)"), (408, "", "", "ambiguous"),
        (413, "text/html", "", "tooLarge"), (429, "", "slow down", "retry"),
        (429, "", "write unit limit for the current month", "hold(quota)"), (500, "", "", "ambiguous"),
        (501, "", "", "hold(unexpected_answer)"), (502, "text/html", "<h1>Bad Gateway", "ambiguous"),
        (503, "text/plain", "no healthy upstream", "retry"), (503, "text/plain", "upstream reset: x", "ambiguous"),
        (504, "", "", "ambiguous"), (505, "", "", "hold(unexpected_answer)"), (599, "", "", "ambiguous"),
    ]

    @Test("a proxy's page is never a verdict on a record", arguments: pages)
    func page(_ status: Int, _ type: String, _ body: String, _ kind: String) {
        let answer = GRPCAnswer(httpStatus: status, contentType: type, body: Array(body.utf8))
        #expect(GRPCOutcome.outcome(of: .answered(answer), operation: .upsert).kind == kind)
    }

    @Test("an acknowledgement carries LSN and count, the count of an upsert only")
    func acknowledgement() {
        let answer = GRPCAnswer(contentType: "application/grpc", status: 0, lsn: 42, body: [0x08, 0xe8, 0x07])
        #expect(GRPCOutcome.outcome(of: .answered(answer), operation: .upsert) == .acknowledged(lsn: 42, count: 1_000))
        #expect(GRPCOutcome.outcome(of: .answered(answer), operation: .update) == .acknowledged(lsn: 42, count: nil))
    }

    @Test("what never left is a retry without a hint, what was lost is ambiguous")
    func unanswered() {
        #expect(
            GRPCOutcome.outcome(of: .notSent("refused"), operation: .upsert)
                == .retry(after: nil, throttled: false, reason: "refused"))
        #expect(GRPCOutcome.outcome(of: .lost("reset"), operation: .upsert) == .ambiguous(reason: "reset"))
    }

    static let hints: [(String?, String?, Duration?)] = [
        (nil, nil, nil), ("250", nil, .milliseconds(250)), ("-1", nil, nil), ("x", "2", .seconds(2)),
        (nil, "1.5", .milliseconds(1_500)), ("100", "2", .milliseconds(100)),
        (nil, "Thu, 01 Jan 1970 00:01:00 GMT", .seconds(20)), (nil, "Thu, 01 Jan 1970 00:00:10 GMT", .zero),
    ]

    @Test("pushback wins over retry-after, a negative one is no hint", arguments: hints)
    func hint(_ pushback: String?, _ retryAfter: String?, _ after: Duration?) {
        for (code, throttled) in [(8, true), (14, false), (10, false)] {
            let answer = GRPCAnswer(
                contentType: "application/grpc", status: code, message: "m", pushback: pushback, retryAfter: retryAfter)
            let outcome = GRPCOutcome.outcome(of: .answered(answer), operation: .upsert, now: 40)
            guard case .retry(after, throttled, _) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
        }
    }
}
