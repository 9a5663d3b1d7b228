internal import Logging
internal import ServiceLifecycle

/// Tells systemd how the daemon is doing while it runs and stops: the status line, more time to drain, and the watchdog's
/// trigger when the daemon cannot trust its own figures. (The watchdog is fed by the loops themselves, see ``Heart``.)
struct NotifyService: Service {
    let running: RunningDaemon
    let heart: Heart
    private let notifier = SystemdNotifier()

    init(running: RunningDaemon, heart: Heart) {
        self.running = running
        self.heart = heart
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await keepStatusFresh() }
                group.addTask { await watchForStalls() }
            }
        }
    }

    /// How often an operator's look at `systemctl status` can find something new.
    private static let period = Duration.seconds(2)
    /// The same while nothing waits and nothing comes, in milliseconds: only problems of the sources can be new then.
    private static let idlePeriod: Int64 = 30_000
    /// More than enough until the next notification; see `EXTEND_TIMEOUT_USEC` in sd_notify(3).
    private static let extraTime = Duration.seconds(15)

    private func keepStatusFresh() async {
        var line = ""
        var check = TotalsCheck()
        while !Task.isCancelled {
            if running.phase == .draining || running.phase == .stopping {
                notifier.extendTimeout(by: Self.extraTime)
            }
            _ = running.activity.take()
            var isIdle = false
            // The first line goes out together with READY=1, and one made before must not follow it.
            let isLineDue = running.phase != .starting
            // A queue that cannot be read is said by those who need it.
            if let report = try? await running.report() {
                let summary = report.summary
                isIdle = running.phase == .running && summary == line && report.queued.records == 0
                if isLineDue, summary != line {
                    notifier.status(summary)
                    line = summary
                }
                act(on: check.verdict(report))
                // A second look says whether they are really wrong.
                if check.isSuspicious { isIdle = false }
            }
            guard isIdle else {
                do { try await Task.sleep(for: Self.period) } catch { return }
                continue
            }
            await withTaskCancellationHandler {
                await running.activity.wait(atMost: Self.idlePeriod)
            } onCancel: {
                running.activity.ring()
            }
        }
    }

    private func act(on verdict: TotalsCheck.Verdict) {
        switch verdict {
        case .sound: break
        case .foundBroken(let reason):
            running.logger.error(
                "the queue's stored counters do not add up, as they were found; no record is concerned",
                metadata: ["reason": "\(reason)"])
        case .broken(let reason):
            running.logger.report(
                .invariantBroken, "the daemon's own figures do not add up any more, so systemd is asked to restart it",
                ["reason": "\(reason)"])
            notifier.trigger()
        }
    }

    /// Says which loop hangs before the watchdog ends the process. Asks nothing that could hang with it.
    private func watchForStalls() async {
        guard let interval = SystemdNotifier.watchdogInterval else { return }
        var said: Set<Heart.Loop> = []
        while !Task.isCancelled {
            let stalled = heart.stalled(beyond: interval * 5 / 8)
            for stall in stalled where !said.contains(stall.loop) { say(stall) }
            said = Set(stalled.map(\.loop))
            do { try await Task.sleep(for: interval / 8) } catch { return }
        }
    }

    private func say(_ stall: Heart.Stall) {
        let seconds: Logger.MetadataValue = "\(stall.duration.components.seconds)"
        switch stall.loop {
        case .delivery(let target):
            running.logger.report(
                .deliveryStalled, "a delivery loop hangs, so the watchdog will restart the daemon",
                ["target": "\(target)", "seconds": seconds])
        case .intake:
            running.logger.report(
                .intakeStalled, "the intake hangs, so the watchdog will restart the daemon",
                ["source": "\(stall.place ?? "none")", "seconds": seconds])
        }
    }
}
