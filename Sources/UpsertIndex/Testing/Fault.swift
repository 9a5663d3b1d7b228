/// Something that goes wrong on purpose, so that a client can be tested.
package struct Fault: Sendable, Equatable {
    /// What happens to a request that the fault hits.
    package enum Effect: Sendable, Equatable {
        /// The write is applied, then the connection is closed without an answer.
        case applyThenDrop
        /// The connection is closed at once; the write is applied after the delay.
        case lateApply(after: Duration)
        /// The request is carried out after the delay.
        case delay(Duration)
        /// HTTP/2: RST_STREAM with this code; HTTP/1: the connection is closed. Nothing is applied.
        case reset(code: UInt32)
        /// Requests that contain this record id are refused with 400 / INVALID_ARGUMENT.
        case refuse(id: String)
        /// Requests with a larger body are refused with 413 / OUT_OF_RANGE.
        case payloadTooLarge(overBytes: Int)
        /// 429 / RESOURCE_EXHAUSTED, with `retry-after` (seconds) and `grpc-retry-pushback-ms` if given.
        case throttle(retryAfter: Double?, pushbackMs: Int?)
        /// 503 / UNAVAILABLE.
        case unavailable
        /// Refused with this gRPC status code, or the HTTP status that goes with it.
        case refuseAll(code: Int)
        /// 401 / UNAUTHENTICATED.
        case unauthorized
        /// An HTML page with this status, as from a proxy, on either wire.
        case html(status: Int)
        /// The write is applied, the answer claims this many records.
        case wrongCount(Int)
        /// A query's `x-pinecone-max-indexed-lsn` is this much behind.
        case lsnLag(UInt64)
    }

    package var effect: Effect
    /// Requests that it can hit.
    package var operations: Set<IndexOperation>
    /// How many requests it hits before it is used up; nil for no end.
    package var times: Int?
    /// The chance to hit a request that it could, 0...1.
    package var probability: Double
    /// Replaces the text of a refusal.
    package var message: String?
    /// Only requests to this namespace are hit, `""` being the default one; nil for every namespace.
    package var namespace: String?

    /// - Parameter operations: nil for what fits the effect: queries for an LSN lag, every write for the others.
    package init(
        _ effect: Effect, operations: Set<IndexOperation>? = nil, times: Int? = nil, probability: Double = 1,
        message: String? = nil, namespace: String? = nil
    ) {
        self.effect = effect
        let fitting: Set<IndexOperation> =
            if case .lsnLag = effect { [.query] } else { Set(IndexOperation.allCases.filter(\.isWrite)) }
        self.operations = operations ?? fitting
        self.times = times
        self.probability = probability
        self.message = message
        self.namespace = namespace
    }
}
