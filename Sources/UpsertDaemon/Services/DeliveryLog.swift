internal import Logging
internal import UpsertCore

/// Says in the log what an operator needs to know of a target's delivery, once per event and not once per request.
struct DeliveryLog {
    private(set) var lastError: String?
    /// Unix milliseconds.
    private(set) var lastErrorAt: Int64?
    /// Unix milliseconds.
    private(set) var heldSince: Int64?
    private var isFailing = false

    /// Notes the latest trouble for status.
    mutating func answered(_ outcome: Outcome, now: Int64) {
        switch outcome {
        case .acknowledged, .noEffect: isFailing = false
        case .retry(_, _, let reason), .ambiguous(let reason), .tooLarge(let reason), .refused(let reason):
            lastError = reason
            lastErrorAt = now
        case .hold(let hold):
            lastError = hold.reason
            lastErrorAt = now
            if heldSince == nil { heldSince = now }
        }
    }

    mutating func report(_ effect: DeliveryEffect, _ logger: Logger) {
        switch effect {
        case .delivered, .noEffect, .putBack: break
        case .quarantined(let batch, let reason, _):
            logger.warning(
                "record quarantined: the server refused it; see upsertctl quarantine list",
                metadata: [
                    "namespace": "\(batch.namespace)", "reason": "\(reason)",
                    "id": "\(RecordID.text(of: batch.record(0), batch.operation, batch.encoding))",
                ])
        case .heldNamespace(let held):
            logger.error(
                "namespace held: \(Self.advice(held.hold.kind))",
                metadata: [
                    "namespace": "\(held.namespace)", "hold": "\(held.hold.kind.rawValue)",
                    "reason": "\(held.hold.reason)",
                ])
        case .resumedNamespace(let held):
            logger.notice(
                "namespace resumed",
                metadata: ["namespace": "\(held.namespace)", "hold": "\(held.hold.kind.rawValue)"])
        case .held(let hold):
            logger.error(
                "target held: \(Self.advice(hold.kind))",
                metadata: ["hold": "\(hold.kind.rawValue)", "reason": "\(hold.reason)"])
        case .resumed(let hold):
            heldSince = nil
            logger.notice("target resumed", metadata: ["hold": "\(hold.kind.rawValue)"])
        case .loweredBound(let bytes, let reason):
            logger.warning("requests are smaller from now on", metadata: ["bytes": "\(bytes)", "reason": "\(reason)"])
        case .countDiffers(let sent, let said):
            logger.warning(
                "the server acknowledged another number of records than was sent; said once",
                metadata: ["sent": "\(sent)", "said": "\(said)"])
        case .willRetry(let reason, let ambiguous, let failures, let delay):
            defer { isFailing = true }
            let metadata: Logger.Metadata = [
                "reason": "\(reason)", "ambiguous": "\(ambiguous)", "failures": "\(failures)", "delay_ms": "\(delay)",
            ]
            if isFailing {
                logger.debug("request failed again, will be repeated", metadata: metadata)
            } else {
                logger.warning("request failed, will be repeated until it succeeds", metadata: metadata)
            }
        case .unresolvedAtMax(let count):
            logger.warning(
                "nothing new is sent until an outcome is known; the requests are repeated by themselves",
                metadata: ["unresolved": "\(count)"])
        case .split(let records, let reason):
            logger.info("batch cut in two", metadata: ["records": "\(records)", "reason": "\(reason)"])
        }
    }

    private static func advice(_ kind: Hold.Kind) -> String {
        switch kind {
        case .unauthorized: "the API key is not accepted; put the right key in its file and run upsertctl reload"
        case .quota: "the plan's limit is reached; raise it or wait, delivery resumes by itself"
        case .indexNotFound: "no index answers at this host; check targets.*.host"
        case .unexpectedAnswer: "something that is not Pinecone answered; check targets.*.host and any proxy"
        case .refusedAll: "every record is refused for the same reason, so the index or the records are set up wrong"
        case .alias: "the namespace is an alias, which takes no writes; write to its target namespace"
        case .transport: "its text records cannot be sent over gRPC; set transport: rest for the target, and reload"
        case .paused: "paused by an operator"
        case .hostChanged:
            "its host has changed while records wait; accept it with upsertctl target accept, or put the old one back"
        }
    }
}
