internal import Logging
internal import UpsertCore
internal import UpsertStorage

/// Says in the log what an operator needs to know of a target's delivery, once per event and not once per request.
///
/// The logger that it is given names the target. Times are Unix milliseconds.
struct DeliveryLog {
    private(set) var lastError: String?
    private(set) var lastErrorAt: Int64?
    private(set) var heldSince: Int64?
    /// Failed attempts since the last one that succeeded.
    private var failures = 0
    private var quarantine = QuarantineBurst()
    private var unstoredSince: Int64?

    /// Notes the latest trouble for status.
    mutating func answered(_ outcome: Outcome, _ logger: Logger, now: Int64) {
        switch outcome {
        case .acknowledged, .noEffect:
            if failures > 0 {
                logger.report(.requestsSucceed, "requests succeed again", ["failures": "\(failures)"])
            }
            failures = 0
        case .retry(_, _, let reason), .ambiguous(let reason), .tooLarge(let reason), .refused(let reason):
            lastError = reason
            lastErrorAt = now
        case .hold(let hold):
            lastError = hold.reason
            lastErrorAt = now
            if heldSince == nil { heldSince = now }
        }
    }

    /// Says what followed from the answer to an attempt.
    ///
    /// - Parameter batch: The attempt's number; nil where an operator did it.
    mutating func report(
        _ effect: DeliveryEffect, batch: TargetDelivery.AttemptID?, _ logger: Logger, now: Int64
    ) {
        switch effect {
        case .delivered, .noEffect, .putBack: break
        case .quarantined(let record, let reason, _):
            guard quarantine.note(reason, now: now) else { return }
            logger.report(
                .recordQuarantined, "record quarantined: the server refused it; see upsertctl quarantine list",
                [
                    "namespace": "\(record.namespace)", "reason": "\(reason)", "batch": "\(batch ?? 0)",
                    "id": "\(RecordID.text(of: record.record(0), record.operation, record.encoding))",
                ])
        case .heldNamespace(let held):
            logger.report(
                .namespaceHeld, "namespace held: \(Self.advice(held.hold.kind))",
                [
                    "namespace": "\(held.namespace)", "hold": "\(held.hold.kind.rawValue)",
                    "reason": "\(held.hold.reason)",
                ])
        case .resumedNamespace(let held):
            logger.report(
                .namespaceResumed, "namespace resumed",
                ["namespace": "\(held.namespace)", "hold": "\(held.hold.kind.rawValue)"])
        case .held(let hold):
            logger.report(
                .targetHeld, "target held: \(Self.advice(hold.kind))",
                ["hold": "\(hold.kind.rawValue)", "reason": "\(hold.reason)"])
        case .resumed(let hold):
            heldSince = nil
            logger.report(.targetResumed, "target resumed", ["hold": "\(hold.kind.rawValue)"])
        case .loweredBound(let bytes, let reason):
            logger.report(
                .requestsSmaller, "requests are smaller from now on", ["bytes": "\(bytes)", "reason": "\(reason)"])
        case .countDiffers(let sent, let said):
            logger.warning(
                "the server acknowledged another number of records than was sent; said once",
                metadata: ["sent": "\(sent)", "said": "\(said)"])
        case .willRetry(let reason, let ambiguous, let attempts, let delay):
            defer { failures += 1 }
            let fields: Logger.Metadata = [
                "reason": "\(reason)", "ambiguous": "\(ambiguous)", "failures": "\(attempts)", "delay_ms": "\(delay)",
                "batch": "\(batch ?? 0)",
            ]
            if failures > 0 {
                logger.debug("request failed again, will be repeated", metadata: fields)
            } else {
                logger.report(.requestFailed, "request failed, will be repeated until it succeeds", fields)
            }
        case .unresolvedAtMax(let count):
            logger.report(
                .requestsUnresolved,
                "nothing new is sent until an outcome is known; the requests are repeated by themselves",
                ["unresolved": "\(count)"])
        case .split(let records, let reason):
            logger.info(
                "batch cut in two",
                metadata: ["batch": "\(batch ?? 0)", "records": "\(records)", "reason": "\(reason)"])
        }
    }

    /// Says what was kept back of a burst that is over, or of any burst where nothing more will come.
    mutating func summarise(_ logger: Logger, now: Int64, atOnce: Bool) {
        guard let kept = quarantine.summary(now: now, atOnce: atOnce) else { return }
        logger.report(
            .recordsQuarantined, "more records quarantined; see upsertctl quarantine list",
            ["records": "\(kept.records)", "seconds": "\((kept.duration + 999) / 1_000)", "reason": "\(kept.reason)"])
    }

    /// Says, once, that the commit that lets delivered records go has failed.
    ///
    /// - Parameter directory: The queue's.
    mutating func cannotStore(_ error: any Error, _ logger: Logger, in directory: String, now: Int64) {
        guard unstoredSince == nil else { return }
        unstoredSince = now
        let message: Logger.Message =
            "cannot store what was delivered; nothing more is sent until it is, and nothing is lost"
        if let error = error as? QueueError, error.code == .full {
            logger.report(.diskFull, message, ["place": "\(directory)", "reason": "\(error)"])
        } else {
            logger.error(message, metadata: ["reason": "\(error)"])
        }
    }

    /// Says that it has succeeded after all.
    ///
    /// - Parameter directory: The queue's.
    mutating func stored(_ logger: Logger, in directory: String, now: Int64) {
        guard let since = unstoredSince else { return }
        unstoredSince = nil
        logger.report(
            .diskOK, "what was delivered is stored again",
            ["place": "\(directory)", "seconds": "\(max(0, now - since) / 1_000)"])
    }

    private static func advice(_ kind: Hold.Kind) -> String {
        switch kind {
        case .unauthorized:
            "the API key is not accepted; put the right key in its file and run systemctl reload upsertd"
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
