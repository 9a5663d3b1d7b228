internal import Logging
internal import NIOCore
internal import Synchronization
internal import UpsertCore
internal import UpsertStorage

/// Delivers the records of one target: takes batches from the queue, sends them, and settles them.
///
/// One task owns the ``TargetDelivery`` state machine and does what it says; requests run as children of that task.
final class TargetDeliveryService: Sendable {
    /// What others tell the task.
    enum Event: Sendable {
        case answered(TargetDelivery.AttemptID, Outcome)
        case pause(Bool)
        case hold(Hold?)
        case flush
        case reconfigure(DeliverySettings, linger: Int64, any Transport)
        case stop(deadline: Int64)
    }

    let name: String
    private let queue: Queue
    private let logger: Logger
    private let mailbox: Mailbox<Event>
    private let snapshot: Mutex<TargetStatus>
    private let start: (settings: DeliverySettings, linger: Int64, transport: any Transport)
    /// Beats on every turn of the loop; the watchdog listens.
    private let pulse: Heart.Pulse
    /// The longest wait, in milliseconds, so that the watchdog sees the loop alive.
    private let idleWait: Int64

    /// - Parameters:
    ///   - linger: Milliseconds that a batch may wait to fill.
    ///   - hold: What keeps everything from being sent until an operator says otherwise.
    ///   - timers: The event loop whose timers end waits.
    init(
        name: String, queue: Queue, transport: any Transport, settings: DeliverySettings, linger: Int64,
        isPaused: Bool, hold: Hold?, timers: any EventLoop, logger: Logger, pulse: Heart.Pulse
    ) {
        self.name = name
        self.queue = queue
        var logger = logger
        logger[metadataKey: "target"] = "\(name)"
        self.logger = logger
        mailbox = Mailbox(timers: timers)
        snapshot = Mutex(TargetStatus(isPaused: isPaused, concurrency: settings.requestsInFlightMax, hold: hold))
        start = (settings, linger, transport)
        self.pulse = pulse
        idleWait = pulse.longestSleep.milliseconds
    }

    /// Tells the task that records may wait.
    func ring() { mailbox.ring() }
    /// Stops or restarts sending.
    func pause(_ paused: Bool) { mailbox.post(.pause(paused)) }
    /// Holds the target until an operator says otherwise; nil ends that.
    func hold(_ hold: Hold?) { mailbox.post(.hold(hold)) }
    /// Sends what waits without lingering.
    func flush() { mailbox.post(.flush) }
    /// Begins to stop: nothing new is sent, what is in flight is waited for, at most `milliseconds`.
    func stop(within milliseconds: Int64) {
        mailbox.post(.stop(deadline: WallClock.now() + milliseconds))
    }
    /// Takes new settings and a new transport.
    func reconfigure(_ settings: DeliverySettings, linger: Int64, transport: any Transport) {
        mailbox.post(.reconfigure(settings, linger: linger, transport))
    }
    /// The state now.
    var status: TargetStatus { snapshot.withLock { $0 } }

    /// Delivers until ``stop(within:)`` and everything in flight is answered, or until the task is cancelled.
    ///
    /// - Returns: Whether every attempt was answered.
    /// - Throws: ``FatalStorageError`` when the disk failed while something was stored.
    func run() async throws -> Bool {
        var loop = DeliveryLoop(
            state: TargetDelivery(settings: start.settings), transport: start.transport, linger: start.linger)
        loop.state.pause(status.isPaused)
        hold(status.hold, &loop)
        defer { pulse.end() }
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                pulse.beat()
                await turn(&loop, &group)
                if loop.isFinished || loop.fatal != nil { break }
                if WallClock.now() >= loop.deadline { break }
            }
            // What is still on the wire ends as ambiguous when its connection closes.
            await closeRetired(&loop)
            await loop.transport.close()
            group.cancelAll()
        }
        if let fatal = loop.fatal { throw fatal }
        return loop.state.isClean && !loop.mustFlush
    }

    /// The loop's own variables.
    private struct DeliveryLoop {
        var state: TargetDelivery
        var transport: any Transport
        var linger: Int64
        var generator = SystemRandomNumberGenerator()
        /// Settled batches are not on disk yet because a commit failed; nothing more is taken until they are.
        var mustFlush = false
        /// Batches accepted before this time go out without lingering (Unix milliseconds).
        var flushUntil: Int64 = 0
        var log = DeliveryLog()
        /// When to give up waiting for answers (Unix milliseconds).
        var deadline: Int64 = .max
        /// The disk failed: the process must end and recover.
        var fatal: FatalStorageError?
        /// Whether the loop was stopped and everything is answered and stored.
        var isFinished: Bool { state.isStopping && state.requestsInFlight == 0 && !mustFlush }
        /// Transports that a reload has replaced; closed once their last request is answered.
        var retired: [any Transport] = []

        /// What may be taken from the queue now.
        func takeRules(now: Int64) -> TakeRules {
            let (state, encodings) = (state, transport.encodings)
            return TakeRules(now: now, linger: linger, urgent: flushUntil > now) { encoding, operation in
                let limits = state.limits(encoding, operation)
                guard let form = encoding.sent(by: encodings, operation) else { return limits }
                return encoding.limits(sentAs: form, operation, limits)
            } admission: { lane, operation in
                state.admission(lane, operation, now: now)
            }
        }
    }

    /// One turn: what has arrived is taken in and settled in one commit, then what may be sent is sent.
    private func turn(_ loop: inout DeliveryLoop, _ group: inout DiscardingTaskGroup) async {
        let now = WallClock.now()
        var settlements: [Settlement] = []
        for event in mailbox.take() { await handle(event, &loop, &settlements, now: now) }
        await settle(settlements, &loop, now: now)
        if loop.state.requestsInFlight == 0 { await closeRetired(&loop) }
        let wait = await send(&loop, &group)
        publish(loop)
        loop.log.summarise(logger, now: now, atOnce: loop.isFinished)
        guard wait > 0, !loop.isFinished, loop.fatal == nil else { return }
        let untilDeadline = loop.deadline == .max ? wait : min(wait, max(1, loop.deadline - WallClock.now()))
        await withTaskCancellationHandler {
            await mailbox.wait(atMost: untilDeadline)
        } onCancel: {
            mailbox.ring()
        }
    }

    private func closeRetired(_ loop: inout DeliveryLoop) async {
        for transport in loop.retired { await transport.close() }
        loop.retired = []
    }

    private func handle(
        _ event: Event, _ loop: inout DeliveryLoop, _ settlements: inout [Settlement], now: Int64
    ) async {
        switch event {
        case .answered(let id, let outcome):
            let effects = loop.state.finished(id, outcome, now: now, using: &loop.generator)
            loop.log.answered(outcome, logger, now: now)
            for effect in effects {
                loop.log.report(effect, batch: id, logger, now: now)
                await perform(effect, &loop, &settlements, now: now)
            }
        case .pause(let paused): loop.state.pause(paused)
        case .hold(let hold): self.hold(hold, &loop)
        case .flush: loop.flushUntil = now + 1_000
        case .reconfigure(let settings, let linger, let transport):
            loop.retired.append(loop.transport)
            loop.state.reconfigure(settings, now: now)
            loop.linger = linger
            loop.transport = transport
        case .stop(let deadline):
            loop.state.stop()
            loop.deadline = deadline
        }
    }

    private func hold(_ hold: Hold?, _ loop: inout DeliveryLoop) {
        guard let effect = loop.state.holdForOperator(hold) else { return }
        let now = WallClock.now()
        if let hold { loop.log.answered(.hold(hold), logger, now: now) }
        loop.log.report(effect, batch: nil, logger, now: now)
    }

    private func perform(
        _ effect: DeliveryEffect, _ loop: inout DeliveryLoop, _ settlements: inout [Settlement], now: Int64
    ) async {
        switch effect {
        case .delivered(let batch, let holdUntil):
            settlements.append(Settlement(batch: batch, result: .delivered, holdUntil: holdUntil))
        case .noEffect(let batch, let holdUntil):
            settlements.append(Settlement(batch: batch, result: .noEffect, holdUntil: holdUntil))
        case .quarantined(let batch, let reason, let holdUntil):
            settlements.append(Settlement(batch: batch, result: .quarantined(reason: reason), holdUntil: holdUntil))
        case .putBack(let batch): await queue.putBack(batch, now: now)
        case .heldNamespace, .resumedNamespace, .held, .resumed, .loweredBound, .countDiffers, .willRetry,
            .unresolvedAtMax, .split:
            break
        }
    }

    private func settle(_ settlements: [Settlement], _ loop: inout DeliveryLoop, now: Int64) async {
        guard !settlements.isEmpty || loop.mustFlush else { return }
        do {
            try await queue.settle(settlements, now: now)
            loop.log.stored(logger, in: queue.directory, now: now)
            loop.mustFlush = false
        } catch {
            if FatalStorageError.isFatal(error) { loop.fatal = FatalStorageError(error) }
            loop.log.cannotStore(error, logger, in: queue.directory, now: now)
            loop.mustFlush = true
        }
    }

    /// Starts what may be sent now.
    ///
    /// - Returns: Milliseconds to wait; 0 when there may be more to do at once.
    private func send(_ loop: inout DeliveryLoop, _ group: inout DiscardingTaskGroup) async -> Int64 {
        while true {
            if loop.mustFlush { return 1_000 }
            let now = WallClock.now()
            switch loop.state.next(now: now) {
            case .send(let id, let batch):
                start(id, batch, loop, &group)
            case .wait(let until):
                return self.wait(until: until, now: now)
            case .take(let retryAt):
                do {
                    switch try await queue.take(target: name, rules: loop.takeRules(now: now)) {
                    case .batch(let batch): start(loop.state.begin(batch, now: now), batch, loop, &group)
                    case .wait(let until): return self.wait(until: min(until, retryAt ?? .max), now: now)
                    case .nothing: return self.wait(until: retryAt, now: now)
                    }
                } catch {
                    if FatalStorageError.isFatal(error) {
                        loop.fatal = FatalStorageError(error)
                        return 0
                    }
                    logger.error("cannot read the queue", metadata: ["reason": "\(error)"])
                    return min(5_000, idleWait)
                }
            }
        }
    }

    private func wait(until: Int64?, now: Int64) -> Int64 {
        min(idleWait, max(1, (until ?? .max) &- now))
    }

    private func start(
        _ id: TargetDelivery.AttemptID, _ batch: Batch, _ loop: DeliveryLoop, _ group: inout DiscardingTaskGroup
    ) {
        let transport = loop.transport
        let mailbox = mailbox
        group.addTask {
            let outcome: Outcome
            var text: [UInt8] = []
            do throws(RequestFailure) {
                outcome = await transport.send(try batch.request(for: transport.encodings, text: &text))
            } catch {
                outcome = error.outcome
            }
            PayloadPool.shared.giveBack(text)
            mailbox.post(.answered(id, outcome))
        }
    }

    private func publish(_ loop: DeliveryLoop) {
        let status = TargetStatus(
            isPaused: loop.state.isPaused, concurrency: loop.state.concurrency, hold: loop.state.hold,
            heldSince: loop.log.heldSince, requestsInFlight: loop.state.requestsInFlight,
            recordsTaken: loop.state.recordsTaken, unresolved: loop.state.unresolved,
            unresolvedMax: loop.state.settings.unresolvedMax, retryBudget: loop.state.retryBudget,
            heldNamespaces: loop.state.heldNamespaces, bytesBound: loop.state.bytesBound, lastError: loop.log.lastError,
            lastErrorAt: loop.log.lastErrorAt)
        snapshot.withLock { $0 = status }
    }
}

extension RequestFailure {
    /// What it means for the batch.
    fileprivate var outcome: Outcome {
        switch self {
        case .noForm:
            .hold(
                Hold(.transport, "text records wait here, which only transport: rest can send; set it, and reload"))
        case .damaged: .refused(reason: "the stored record is damaged and was not sent")
        }
    }
}
