internal import UpsertCore

/// The one table that says what an answer over gRPC means.
enum GRPCOutcome {
    /// - Parameters:
    ///   - now: Seconds since 1970, to read a date in `retry-after`.
    static func outcome(of exchange: GRPCExchange, operation: OperationKind, now: Int = WallClock.now()) -> Outcome {
        switch exchange {
        case .notSent(let reason): .retry(after: nil, throttled: false, reason: reason)
        case .lost(let reason): .ambiguous(reason: reason)
        case .answered(let answer):
            if answer.isGRPC, let code = answer.status {
                outcome(of: answer, code: code, operation: operation, now: now)
            } else {
                outcomeOfProxy(answer, now: now)
            }
        }
    }

    /// The server of the index answered.
    private static func outcome(
        of answer: GRPCAnswer, code: Int, operation: OperationKind, now: Int
    ) -> Outcome {
        let message = ServerText.clipped(answer.message)
        let reason = "\(name(code)): \(message)"
        switch code {
        case 0:
            let count =
                operation == .upsert ? ProtobufFields.varint(1, in: answer.body).flatMap { Int(exactly: $0) } : nil
            return .acknowledged(lsn: answer.lsn, count: count)
        // Envoy's 413 in the clothes of gRPC (`httpToGrpcStatus`): nothing was passed on.
        case 2 where message == "Payload Too Large": return .tooLarge(reason: reason)
        case 1, 2, 4, 13:  // CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL: the write may have been applied
            return .ambiguous(reason: reason)
        case 3: return refusal(message)
        case 5: return operation == .upsert ? .hold(Hold(.indexNotFound, reason)) : notFound(message, reason)
        case 6 where operation == .upsert || ServerText.saysAlias(message): return .hold(Hold(.alias, reason))
        case 7: return .hold(Hold(ServerText.saysQuota(message) ? .quota : .unauthorized, reason))
        case 8 where ServerText.saysMonthlyQuota(message): return .hold(Hold(.quota, reason))
        case 8 where ServerText.saysTooLarge(message): return .tooLarge(reason: message)
        case 8: return .retry(after: hint(answer, now: now), throttled: true, reason: reason)
        case 10: return .retry(after: hint(answer, now: now), throttled: false, reason: reason)
        case 11: return .tooLarge(reason: message)
        case 14 where ServerText.saysForwarded(message): return .ambiguous(reason: reason)
        case 14: return .retry(after: hint(answer, now: now), throttled: false, reason: reason)
        case 16: return .hold(Hold(.unauthorized, reason))
        default: return .hold(Hold(.unexpectedAnswer, reason))
        }
    }

    /// INVALID_ARGUMENT: what exactly does it not like?
    private static func refusal(_ message: String) -> Outcome {
        if ServerText.saysTooLarge(message) { return .tooLarge(reason: message) }
        if ServerText.saysAlias(message) { return .hold(Hold(.alias, message)) }
        return .refused(reason: message)
    }

    /// NOT_FOUND for a delete or update: nothing there to change, unless it is the index that is gone.
    private static func notFound(_ message: String, _ reason: String) -> Outcome {
        ServerText.saysIndexMissing(message) ? .hold(Hold(.indexNotFound, reason)) : .noEffect
    }

    /// Something on the way answered in plain HTTP. None of it is a verdict on a record.
    private static func outcomeOfProxy(_ answer: GRPCAnswer, now: Int) -> Outcome {
        let text = ServerText.clipped(String(decoding: answer.body.prefix(512), as: UTF8.self))
        let reason =
            "HTTP \(answer.httpStatus) \(answer.contentType.isEmpty ? "without content-type" : answer.contentType)"
            + (answer.isGRPC ? " without grpc-status" : "") + (text.isEmpty || answer.isGRPC ? "" : ": \(text)")
        switch answer.httpStatus {
        case 200 where answer.isGRPC: return .ambiguous(reason: reason)
        case 401: return .hold(Hold(.unauthorized, reason))
        case 402: return .hold(Hold(.quota, reason))
        case 403: return .hold(Hold(ServerText.saysQuota(text) ? .quota : .unauthorized, reason))
        case 404: return .hold(Hold(.indexNotFound, reason))
        case 413: return .tooLarge(reason: reason)
        case 429 where ServerText.saysMonthlyQuota(text): return .hold(Hold(.quota, reason))
        case 429: return .retry(after: hint(answer, now: now), throttled: true, reason: reason)
        case 503 where !ServerText.saysForwarded(text):
            return .retry(after: hint(answer, now: now), throttled: false, reason: reason)
        case 501, 505: return .hold(Hold(.unexpectedAnswer, reason))
        case 408, 500...599: return .ambiguous(reason: reason)
        default: return .hold(Hold(.unexpectedAnswer, reason))
        }
    }

    private static func hint(_ answer: GRPCAnswer, now: Int) -> Duration? {
        answer.pushback.flatMap { RetryHint.pushback($0) }
            ?? answer.retryAfter.flatMap { RetryHint.retryAfter($0, now: now) }
    }

    private static func name(_ code: Int) -> String {
        let names = [
            "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
            "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
            "UNIMPLEMENTED",
            "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
        ]
        return names.indices.contains(code) ? names[code] : "gRPC status \(code)"
    }
}
