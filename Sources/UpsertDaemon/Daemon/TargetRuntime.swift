internal import Crypto
internal import Logging
internal import NIOCore
internal import Synchronization
internal import UpsertCore
internal import UpsertStorage
internal import UpsertTransport

/// One target while the daemon runs: its key, its transport, what its records must be like, and its delivery.
final class TargetRuntime: Sendable {
    let name: String
    let delivery: TargetDeliveryService
    private let state: Mutex<State>
    private let key: SharedKey
    private let group: any EventLoopGroup
    private let logger: Logger

    private struct State {
        var configuration: TargetConfiguration
        var dimension: Int?
        var transport: any Transport
    }

    /// - Throws: ``APIKeyFailure`` or the transport's setup error, both naming the setting.
    init(
        _ configuration: TargetConfiguration, queue: Queue, isPaused: Bool, hold: Hold?, group: any EventLoopGroup,
        logger: Logger, pulse: Heart.Pulse
    ) throws {
        name = configuration.name
        self.group = group
        self.logger = logger
        let key = SharedKey(try APIKeySource(configuration).read())
        self.key = key
        let transport = try Self.makeTransport(configuration, key, group)
        state = Mutex(
            State(configuration: configuration, dimension: configuration.dimension, transport: transport))
        delivery = TargetDeliveryService(
            name: configuration.name, queue: queue, transport: transport,
            settings: DeliverySettings(configuration), linger: configuration.linger.milliseconds, isPaused: isPaused,
            hold: hold, timers: group.next(), logger: logger, pulse: pulse)
    }

    var configuration: TargetConfiguration { state.withLock { $0.configuration } }
    var dimension: Int? { state.withLock { $0.dimension } }

    /// What records for this target must be like now.
    var rules: RecordRules {
        let state = state.withLock { $0 }
        let encoding: Encoding =
            switch (state.configuration.api, state.configuration.wire) {
            case (.records, _): .ndjson
            case (.vectors, .grpc): .protobuf
            case (.vectors, .rest): .packed
            }
        return unsafe RecordRules(api: state.configuration.api, encoding: encoding, dimension: state.dimension) {
            unsafe Array(SHA256.hash(data: UnsafeRawBufferPointer($0)))
        }
    }

    /// Asks the index for its dimension until it answers; records accepted before that are judged by the server alone.
    func learnDimension() async {
        guard configuration.api == .vectors, configuration.dimension == nil else { return }
        var delay = Duration.seconds(1)
        while !Task.isCancelled {
            let transport = state.withLock { $0.transport }
            if let described = try? await transport.describe() {
                state.withLock { $0.dimension = $0.configuration.dimension ?? described.dimension }
                logger.info(
                    "index answers",
                    metadata: [
                        "target": "\(name)", "dimension": "\(described.dimension.map(String.init) ?? "none")",
                        "records": "\(described.records)",
                    ])
                return
            }
            // What is wrong is said by the delivery, which meets the same trouble.
            do { try await Task.sleep(for: delay) } catch { return }
            delay = min(delay * 2, .seconds(60))
        }
    }

    /// A new configuration with everything that it needs, not in force yet.
    struct Prepared {
        let configuration: TargetConfiguration
        /// Whether the API key is another one.
        let hasNewKey: Bool
        /// Why nothing may be sent with it until an operator says so; nil where it may.
        fileprivate let hold: Hold?
        fileprivate let key: APIKey
        fileprivate let transport: any Transport

        /// Gives it up; the last call.
        func discard() async { await transport.close() }
    }

    /// Makes ready what a new configuration needs.
    ///
    /// - Throws: ``APIKeyFailure`` or the transport's setup error; nothing has changed.
    func prepare(_ new: TargetConfiguration, hold: Hold?) throws -> Prepared {
        let fresh = try APIKeySource(new).read()
        return Prepared(
            configuration: new, hasNewKey: fresh != key.current, hold: hold, key: fresh,
            transport: try Self.makeTransport(new, key, group))
    }

    /// Puts a prepared configuration in force.
    func adopt(_ prepared: Prepared) {
        let new = prepared.configuration
        key.replace(prepared.key)
        state.withLock { state in
            state.dimension = new.dimension ?? state.dimension
            state.configuration = new
            state.transport = prepared.transport
        }
        // Before the new host can be sent to.
        delivery.hold(prepared.hold)
        delivery.reconfigure(
            DeliverySettings(new), linger: new.linger.milliseconds, transport: prepared.transport)
    }

    private static func makeTransport(
        _ target: TargetConfiguration, _ key: SharedKey, _ group: any EventLoopGroup
    ) throws -> any Transport {
        var configuration = TransportConfiguration(endpoint: target.endpoint, userAgent: "upsertd/\(Version.current)")
        configuration.connections = target.connections
        configuration.requestTimeout = target.requestTimeout
        configuration.connectTimeout = target.connectTimeout
        configuration.caFile = target.caFile
        switch target.wire {
        case .grpc: return try GRPCTransport(configuration: configuration, group: group) { key.current }
        case .rest: return try RESTTransport(configuration: configuration, group: group) { key.current }
        }
    }
}

extension DeliverySettings {
    init(_ target: TargetConfiguration) {
        self.init(
            requestsInFlightMax: target.requestsInFlightMax, unresolvedMax: target.unresolvedMax,
            ambiguousHold: target.ambiguousHold.milliseconds, governor: target.governor)
    }
}
