/// Waits until submissions are settled, asking for their receipts.
package struct ReceiptWait {
    /// How it ended.
    package enum Ending: Sendable, Equatable {
        /// Every record was delivered or superseded.
        case delivered
        /// Some records were refused, by upsertd or by the server.
        case refused
        /// Time ran out.
        case timedOut
    }

    /// The receipts seen so far, by name.
    package private(set) var receipts: [String: ReceiptReport] = [:]
    /// Why the daemon could not be asked the last time.
    package private(set) var lastTrouble: StatusClientError?
    private let names: [String]
    private let fetch: (String) throws(StatusClientError) -> ReceiptReport

    /// - Parameters:
    ///   - names: As ``SpoolDrop/drop(_:)`` returned them.
    ///   - fetch: Asks for the receipt of a name.
    package init(names: [String], fetch: @escaping (String) throws(StatusClientError) -> ReceiptReport) {
        self.names = names
        self.fetch = fetch
    }

    /// A wait that asks the daemon.
    package init(names: [String], client: StatusClient) {
        self.init(names: names) { name throws(StatusClientError) in
            try client.get(StatusClient.receiptPath(name), as: ReceiptReport.self)
        }
    }

    /// Asks for what is not settled yet.
    ///
    /// A daemon that is away for a moment is asked again: the files are durable in the spool.
    ///
    /// - Returns: How it ended; nil while something is not settled.
    package mutating func poll() -> Ending? {
        for name in names where receipts[name]?.settled != true {
            do throws(StatusClientError) {
                receipts[name] = try fetch(name)
                lastTrouble = nil
            } catch {
                // Not accepted yet: there is no receipt before the first commit.
                if case .refused(status: 404, _, _) = error { continue }
                lastTrouble = error
            }
        }
        guard names.allSatisfy({ receipts[$0]?.settled == true }) else { return nil }
        return receipts.values.contains { $0.hasRefusals } ? .refused : .delivered
    }

    /// Polls until everything is settled.
    ///
    /// - Parameters:
    ///   - timeout: From now on; nil waits forever.
    ///   - pause: Called between polls with the time to let pass.
    package mutating func run(
        timeout: Duration?, clock: some Clock<Duration> = ContinuousClock(), pause: (Duration) -> Void
    ) -> Ending {
        let deadline = timeout.map { clock.now.advanced(by: $0) }
        var delay: Duration = .milliseconds(20)
        while true {
            if let ending = poll() { return ending }
            if let deadline, clock.now >= deadline { return .timedOut }
            pause(delay)
            delay = min(delay * 2, .milliseconds(500))
        }
    }
}
