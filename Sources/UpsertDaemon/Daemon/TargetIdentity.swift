internal import Logging
internal import UpsertCore
internal import UpsertStorage
internal import UpsertTransport

extension Queue {
    /// The hold that keeps records accepted for one index from being sent to another; nil where nothing keeps them.
    ///
    /// - Throws: ``QueueError``.
    func hostHold(_ target: TargetConfiguration) throws -> Hold? {
        guard let other = try adoptHost(target.indexIdentity, target: target.name) else { return nil }
        return Hold(
            .hostChanged,
            "records wait that were accepted for \(other), and the host is now \(target.indexIdentity); send them there with: "
                + "upsertctl target accept \(target.name)")
    }
}

extension QueueStatus {
    /// Says that records wait for targets that the configuration does not have.
    func warnOfOrphans(besides configured: [String], _ logger: Logger) {
        for (name, orphan) in orphans(besides: configured).sorted(by: { $0.key < $1.key }) {
            logger.report(
                .recordsOrphaned, "records wait for a target that is not configured; they are kept",
                [
                    "target": "\(name)", "records": "\(orphan.records)", "quarantined": "\(orphan.quarantined)",
                    "move": "upsertctl target move \(name) OTHER",
                ])
        }
    }

    /// Records by target, of targets that are not configured.
    func orphans(besides configured: [String]) -> [String: (records: Int, quarantined: Int)] {
        var orphans: [String: (records: Int, quarantined: Int)] = [:]
        for name in Set(queuedByTarget.keys).union(quarantinedByTarget.keys) where !configured.contains(name) {
            orphans[name] = (queuedByTarget[name] ?? 0, quarantinedByTarget[name] ?? 0)
        }
        return orphans
    }
}

extension RunningDaemon {
    /// Sends the records that wait for a target to its new host.
    func acceptHost(_ name: String) async throws {
        guard let target = target(name) else { throw OperatorError(.notFound, "there is no target \(name)") }
        guard target.delivery.status.hold?.kind == .hostChanged else {
            throw OperatorError(.conflict, "the host of target \(name) has not changed under waiting records")
        }
        try await queue.setHost(target.configuration.indexIdentity, target: name)
        target.delivery.hold(nil)
        logger.notice(
            "the new host is accepted; waiting records go there",
            metadata: ["target": "\(name)", "host": "\(target.configuration.endpoint.url)"])
    }
}
