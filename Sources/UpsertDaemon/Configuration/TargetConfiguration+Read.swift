internal import UpsertCore
internal import UpsertTransport

extension TargetConfiguration {
    /// Reads an entry of `targets`; nil where it has no usable host.
    init?(name: String, _ section: ConfigurationSection) {
        let allowsPlaintext = section.flag("allow_plaintext", default: false)
        let endpoint = section.endpoint("host", allowsPlaintext: allowsPlaintext)
        let settings = Settings(section)
        let governor = section.section("governor")
        section.reportUnknownKeys()
        guard let endpoint else { return nil }
        self.init(name: name, endpoint: endpoint)
        self.allowsPlaintext = allowsPlaintext
        settings.apply(to: &self)
        if let section = governor { self.governor = GovernorLimits(section, preset: self.governor) }
        if wire == .grpc, !endpoint.path.isEmpty {
            section.report(
                "host", "has a path (\(endpoint.path)), which transport grpc cannot use; set transport: rest")
        }
    }

    /// The settings besides the host, which are checked even where the host is wrong.
    private struct Settings {
        let api: RecordAPI
        let wire: Wire
        let apiKeyFile: String?
        let caFile: String?
        let dimension: Int?
        let requestsInFlightMax: Int
        let unresolvedMax: Int
        let connections: Int
        let linger: Duration
        let requestTimeout: Duration
        let connectTimeout: Duration
        let ambiguousHold: Duration

        init(_ section: ConfigurationSection) {
            typealias Defaults = ConfigurationDefaults
            api = section.choice("api", of: [RecordAPI.vectors, .records]) ?? .vectors
            let chosen = section.choice("transport", of: Wire.allCases)
            wire = chosen ?? (api == .records ? .rest : .grpc)
            apiKeyFile = section.path("api_key_file")
            caFile = section.path("ca_file")
            dimension = section.integer("dimension", in: 1...RecordLimits.dimensionMax)
            requestsInFlightMax =
                section.integer("requests_in_flight_max", in: Defaults.requestsInFlightRange)
                ?? Defaults.requestsInFlightMax
            unresolvedMax =
                section.integer("unresolved_max", in: Defaults.unresolvedRange) ?? Defaults.unresolvedMax
            connections = section.integer("connections", in: Defaults.connectionsRange) ?? Defaults.connections
            linger = section.duration("linger", default: Defaults.linger, in: Defaults.lingerRange)
            requestTimeout = section.duration(
                "request_timeout", default: Defaults.requestTimeout, in: Defaults.requestTimeoutRange)
            connectTimeout = section.duration(
                "connect_timeout", default: Defaults.connectTimeout, in: Defaults.connectTimeoutRange)
            ambiguousHold = section.duration(
                "ambiguous_hold", default: max(Defaults.ambiguousHold, requestTimeout * 2),
                in: Defaults.ambiguousHoldRange)
            check(section)
        }

        private func check(_ section: ConfigurationSection) {
            if api == .records, wire == .grpc {
                section.report(
                    "transport", "cannot be grpc with api: records, which the service takes over rest only")
            }
            if api == .records, dimension != nil {
                section.report("dimension", "is for api: vectors; with api: records the service embeds the text itself")
            }
            if ambiguousHold < requestTimeout * 2 {
                section.report(
                    "ambiguous_hold",
                    "must be at least twice request_timeout (\(DurationText.text(requestTimeout * 2))), is "
                        + DurationText.text(ambiguousHold))
            }
        }

        func apply(to target: inout TargetConfiguration) {
            target.api = api
            target.wire = wire
            target.apiKeyFile = apiKeyFile
            target.caFile = caFile
            target.dimension = dimension
            target.requestsInFlightMax = requestsInFlightMax
            target.unresolvedMax = unresolvedMax
            target.connections = connections
            target.linger = linger
            target.requestTimeout = requestTimeout
            target.connectTimeout = connectTimeout
            target.ambiguousHold = ambiguousHold
        }
    }
}

extension ConfigurationSection {
    fileprivate func endpoint(_ key: String, allowsPlaintext: Bool) -> TargetEndpoint? {
        let example = "https://my-index-abc123.svc.us-east-1-aws.pinecone.io"
        guard let url = requiredText(key, example: example) else { return nil }
        do {
            return try TargetEndpoint(url, allowPlaintext: allowsPlaintext)
        } catch {
            let hint = if case .plaintext = error { " (allow_plaintext: true)" } else { "" }
            report(key, "is not usable: \(error)\(hint)")
            return nil
        }
    }
}
