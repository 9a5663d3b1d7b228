internal import Glibc
internal import NIOCore
internal import UpsertCore
internal import UpsertStorage
internal import UpsertTransport

extension RunningDaemon {
    /// One snapshot of everything.
    ///
    /// The places that a record passes are looked at in its order, so that nothing on its way is missed and `idle` is only
    /// said when it is true.
    func report() async throws -> StatusReport {
        let configuration = configuration
        let now = WallClock.now()
        var report = StatusReport(
            state: phase, version: Version.current, pid: getpid(), startedAt: startedAt, now: now)
        if phase == .running, !targets.isEmpty, targets.allSatisfy(\.delivery.status.isPaused) {
            report.state = .paused
        }
        let sources = intake?.status ?? [:]
        for spool in configuration.spools { report.spools.append(self.report(spool, sources[spool.directory])) }
        for outbox in configuration.outboxes { report.outboxes.append(self.report(outbox, sources[outbox.path])) }
        for target in targets { report.targets[target.name] = self.report(target) }
        let status = try await queue.status()
        report.take(status, startedUnclean: queue.startedUnclean, now: now)
        report.delivered.recordsPerSecond = deliveredPerSecond(status.totals.deliveredRecords, now: now)
        report.queue.setAside = setAside
        report.stages.decode = .init(sources.values.reduce(into: StageTotals()) { $0 += $1.decode })
        report.stages.send.cpuSeconds = Double(try await eventLoop.submit { ThreadClock.now() }.get()) / 1e9
        report.summarise()
        return report
    }

    private func report(_ spool: SpoolConfiguration, _ status: SourceStatus?) -> SpoolReport {
        var report = SpoolReport(
            directory: spool.directory, target: spool.target,
            watching: status?.isWatching == true ? .inotify : .polling)
        // The intake's own count may be a moment old; a file that lies there now must not be overlooked.
        report.incoming = max(status?.waiting ?? 0, SpoolPeek.hasIncoming(spool.directory) ? 1 : 0)
        report.claimed = max(status?.claimed ?? 0, SpoolPeek.hasClaimed(spool.directory) ? 1 : 0)
        report.problems = status?.problems.map(ProblemReport.init) ?? []
        return report
    }

    private func report(_ outbox: OutboxConfiguration, _ status: SourceStatus?) -> OutboxReport {
        let problem = status?.problems.first.map(ProblemReport.init)
        let waiting = problem == nil && (status == nil || OutboxPeek.hasRows(outbox.path))
        return OutboxReport(
            path: outbox.path, target: outbox.target, state: problem != nil ? .failed : waiting ? .reading : .idle,
            problem: problem)
    }

    private func report(_ target: TargetRuntime) -> TargetReport {
        let configuration = target.configuration
        let status = target.delivery.status
        var report = TargetReport(
            host: configuration.endpoint.url, api: configuration.api.rawValue, transport: configuration.wire.rawValue)
        report.hold = status.hold.map {
            .init(kind: $0.kind.rawValue, reason: $0.reason, since: status.heldSince)
        }
        report.paused = status.isPaused
        report.inFlight.requests = status.requestsInFlight
        report.inFlight.records = status.recordsTaken
        report.unresolved = status.unresolved
        report.unresolvedMax = status.unresolvedMax
        report.retryBudget = status.retryBudget
        report.heldNamespacesCount = status.heldNamespaces.count
        report.heldNamespaces = status.heldNamespaces.sorted { $0.namespace < $1.namespace }.prefix(100).map {
            .init(
                namespace: $0.namespace,
                hold: .init(kind: $0.hold.kind.rawValue, reason: $0.hold.reason, since: $0.since))
        }
        report.concurrency = status.concurrency
        report.bytesBound = status.bytesBound
        report.dimension = target.dimension
        if let message = status.lastError, let at = status.lastErrorAt {
            report.lastError = .init(at: at, message: message)
        }
        return report
    }
}

extension ProblemReport {
    init(_ problem: SourceProblem) { self.init(path: problem.path, reason: problem.reason, mend: problem.mend) }
}
