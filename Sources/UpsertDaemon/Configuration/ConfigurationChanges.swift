/// The names of the settings that differ between two configurations; never their values, which may be nobody's business.
struct ConfigurationChanges {
    /// Settings that a reload puts in force.
    private(set) var applied: [String] = []
    /// Settings that only a restart puts in force.
    private(set) var needRestart: [String] = []

    init(from old: DaemonConfiguration, to new: DaemonConfiguration) {
        if old.logLevel != new.logLevel { applied.append("log_level") }
        for target in new.targets {
            guard let before = old.target(target.name) else { continue }
            applied += Self.changes(from: before, to: target).map { "targets.\(target.name).\($0)" }
        }
        if old.spools != new.spools { needRestart.append("spools") }
        if old.outboxes != new.outboxes { needRestart.append("outboxes") }
        if old.queue != new.queue { needRestart.append("queue") }
        if old.status != new.status { needRestart.append("status") }
        if old.shutdownTimeout != new.shutdownTimeout { needRestart.append("shutdown_timeout") }
        let (had, has) = (Set(old.targets.map(\.name)), Set(new.targets.map(\.name)))
        needRestart += had.symmetricDifference(has).sorted().map { "targets.\($0)" }
    }

    /// Notes that a target's key has changed.
    mutating func keyChanged(target: String) { applied.append("targets.\(target) (API key)") }

    private static func changes(from old: TargetConfiguration, to new: TargetConfiguration) -> [String] {
        var names: [String] = []
        func compare(_ name: String, _ isSame: Bool) {
            if !isSame { names.append(name) }
        }
        compare("host", old.endpoint == new.endpoint)
        compare("api", old.api == new.api)
        compare("transport", old.wire == new.wire)
        compare("api_key_file", old.apiKeyFile == new.apiKeyFile)
        compare("dimension", old.dimension == new.dimension)
        compare("requests_in_flight_max", old.requestsInFlightMax == new.requestsInFlightMax)
        compare("unresolved_max", old.unresolvedMax == new.unresolvedMax)
        compare("governor", old.governor == new.governor)
        compare("connections", old.connections == new.connections)
        compare("linger", old.linger == new.linger)
        compare("request_timeout", old.requestTimeout == new.requestTimeout)
        compare("connect_timeout", old.connectTimeout == new.connectTimeout)
        compare("ambiguous_hold", old.ambiguousHold == new.ambiguousHold)
        compare("ca_file", old.caFile == new.caFile)
        compare("allow_plaintext", old.allowsPlaintext == new.allowsPlaintext)
        // A setting that was added later and is not named above.
        if names.isEmpty, old != new { names.append("other settings") }
        return names
    }
}
