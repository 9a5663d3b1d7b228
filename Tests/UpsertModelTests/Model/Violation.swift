/// A promise that was broken, and by what.
struct Violation: Error, CustomStringConvertible {
    /// The check that noticed.
    enum Check: String, CaseIterable {
        case totals = "accepted = delivered + coalesced + no effect + dropped + quarantined + queued"
        case unknownSent = "nothing unknown is sent"
        case contentSent = "what is sent is what was accepted, merged by the coalescing law"
        case oneInFlight = "an id is in one request at a time"
        case hold = "a different version waits after an ambiguous outcome"
        case order = "the versions applied to an id never go back"
        case lost = "every accepted record is delivered, replaced by a newer one, without effect, or in quarantine"
        case finalState = "the index ends with the newest writes"
        case rest = "when the world is well the queue runs empty"
        case receipts = "receipts add up"
        case backoff = "a failed request is not repeated before its backoff is over"
        case quarantine = "a quarantined record is superseded by newer writes, and only by those"
    }

    let check: Check
    let detail: String

    init(_ check: Check, _ detail: String) {
        self.check = check
        self.detail = detail
    }

    var description: String { "violated: \(check.rawValue): \(detail)" }
}
