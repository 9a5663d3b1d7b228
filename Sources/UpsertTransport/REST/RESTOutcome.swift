internal import UpsertCore

/// The one table that says what an answer over REST means.
enum RESTOutcome {
    /// - Parameters:
    ///   - encoding: `ndjson` for the records API, whose success has an empty body.
    ///   - isWrite: False for a question about the index, which fails like a write but succeeds with other fields.
    ///   - now: Seconds since 1970, to read a date in `Retry-After`.
    static func outcome(
        of exchange: RESTExchange, operation: OperationKind, encoding: Encoding, isWrite: Bool = true,
        now: Int = WallClock.now()
    ) -> Outcome {
        switch exchange {
        case .notSent(let reason): .retry(after: nil, throttled: false, reason: reason)
        case .lost(let reason): .ambiguous(reason: reason)
        case .answered(let answer):
            switch answer.status {
            case 200...202: success(answer, operation: operation, encoding: encoding, isWrite: isWrite)
            case 400...499: clientError(answer, RESTErrorBody(answer), operation: operation, now: now)
            case 500...599: serverError(answer, RESTErrorBody(answer), now: now)
            default: .hold(Hold(.unexpectedAnswer, redirectReason(answer)))
            }
        }
    }

    /// A success must look like the service's own: a login page, a bare `200` or some other program's JSON acknowledges
    /// nothing.
    private static func success(
        _ answer: RESTAnswer, operation: OperationKind, encoding: Encoding, isWrite: Bool
    ) -> Outcome {
        let body = RESTErrorBody(answer)
        let fields = JSONFields(answer.body[...])
        let isOwn: Bool
        switch operation {
        case _ where !isWrite: isOwn = fields != nil && !body.isJSON
        // Documented as nothing at all; an empty object says no more.
        case .upsert where encoding == .ndjson: isOwn = answer.body.isEmpty || fields?.isEmpty == true
        case .upsert: isOwn = fields?.has("upsertedCount") == true
        case .update, .delete: isOwn = fields?.holdsOnlyIntegers(named: changeCounts) == true
        }
        guard isOwn else { return .hold(Hold(.unexpectedAnswer, reason(answer, body))) }
        return .acknowledged(lsn: answer.lsn, count: operation == .upsert ? fields?.integer("upsertedCount") : nil)
    }

    /// What a delete or update may be answered with beside `{}`: the service's count, and NeedleDB's.
    private static let changeCounts: Set<String> = ["matchedRecords", "deletedCount"]

    private static func clientError(
        _ answer: RESTAnswer, _ body: RESTErrorBody, operation: OperationKind, now: Int
    ) -> Outcome {
        let reason = reason(answer, body)
        switch answer.status {
        case 400 where body.isDocumented: return refusal(body)
        case 401: return .hold(Hold(.unauthorized, reason))
        case 402: return .hold(Hold(.quota, reason))
        case 403: return .hold(Hold(ServerText.saysQuota(body.message) ? .quota : .unauthorized, reason))
        case 404 where operation != .upsert && body.isJSON && !ServerText.saysIndexMissing(body.message):
            return .noEffect
        case 404: return .hold(Hold(.indexNotFound, reason))
        case 408: return .ambiguous(reason: reason)
        case 409 where body.says(10, "ABORTED"): return retry(answer, throttled: false, reason, now)
        case 409 where operation == .upsert || ServerText.saysAlias(body.message): return .hold(Hold(.alias, reason))
        case 412 where body.isJSON, 422 where body.isJSON: return refusal(body)
        case 413: return .tooLarge(reason: reason)
        case 425: return retry(answer, throttled: false, reason, now)
        case 429 where ServerText.saysMonthlyQuota(body.message): return .hold(Hold(.quota, reason))
        case 429 where ServerText.saysTooLarge(body.message): return .tooLarge(reason: reason)
        case 429: return retry(answer, throttled: true, reason, now)
        case 499: return .ambiguous(reason: reason)
        default: return .hold(Hold(.unexpectedAnswer, reason))
        }
    }

    /// The content is refused, in the server's own words: what exactly does it not like?
    private static func refusal(_ body: RESTErrorBody) -> Outcome {
        let message = body.message
        if body.says(11, "OUT_OF_RANGE") || body.says(11, "PAYLOAD_TOO_LARGE") || ServerText.saysTooLarge(message) {
            return .tooLarge(reason: message)
        }
        if ServerText.saysAlias(message) { return .hold(Hold(.alias, message)) }
        return .refused(reason: message)
    }

    /// Only 503 says that the request was not looked at; the others may come after it was applied.
    private static func serverError(_ answer: RESTAnswer, _ body: RESTErrorBody, now: Int) -> Outcome {
        let reason = reason(answer, body)
        switch answer.status {
        case 501, 505: return .hold(Hold(.unexpectedAnswer, reason))
        case 503 where !ServerText.saysForwarded(body.message): return retry(answer, throttled: false, reason, now)
        default: return .ambiguous(reason: reason)
        }
    }

    private static func retry(_ answer: RESTAnswer, throttled: Bool, _ reason: String, _ now: Int) -> Outcome {
        let after = answer.retryAfter.flatMap { RetryHint.retryAfter($0, now: now) }
        return .retry(after: after, throttled: throttled, reason: reason)
    }

    private static func reason(_ answer: RESTAnswer, _ body: RESTErrorBody) -> String {
        let type = answer.contentType.isEmpty ? "no content-type" : answer.contentType
        switch body {
        case .numbered, .named, .text: return "HTTP \(answer.status): \(body.message)"
        case .unknown(let text):
            return text.isEmpty ? "HTTP \(answer.status)" : "HTTP \(answer.status) (\(type)): \(text)"
        }
    }

    private static func redirectReason(_ answer: RESTAnswer) -> String {
        answer.location.map { "HTTP \(answer.status) to \(ServerText.clipped($0))" } ?? "HTTP \(answer.status)"
    }
}
