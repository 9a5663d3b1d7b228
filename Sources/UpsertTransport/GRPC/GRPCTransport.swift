package import NIOCore
internal import NIOPosix
internal import NIOSSL
package import UpsertCore

/// The vectors API over gRPC: stored protobuf bytes go out as they are, on HTTP/2 connections of our own.
package final class GRPCTransport: Transport {
    /// Bytes of an answer to a write: a count.
    private static let writeAnswerBytesMax = 65_536
    /// Bytes of an index description, which has an entry for each of up to 100,000 namespaces.
    private static let describeAnswerBytesMax = 64 << 20

    package let encodings: Set<Encoding> = [.protobuf]
    private let configuration: TransportConfiguration
    private let apiKey: @Sendable () -> APIKey
    private let loop: any EventLoop
    private let pool: NIOLoopBoundBox<HTTP2Pool>

    /// Opens no connection yet.
    ///
    /// - Parameters:
    ///   - group: Where the connections live, all of them on one event loop; it is not shut down with the transport.
    ///   - apiKey: Asked for every request, so that a key can be exchanged while running.
    /// - Throws: ``EndpointError`` for a URL with a path; ``TransportSetupError`` for an unusable CA file.
    package init(
        configuration: TransportConfiguration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        apiKey: @escaping @Sendable () -> APIKey
    ) throws {
        guard configuration.endpoint.path.isEmpty else {
            throw EndpointError.pathWithGRPC(configuration.endpoint.path)
        }
        self.configuration = configuration
        self.apiKey = apiKey
        loop = group.next()
        var tls: NIOSSLContext?
        if configuration.endpoint.scheme == .https {
            var settings = try TLSSetup.configuration(caFile: configuration.caFile)
            settings.applicationProtocols = ["h2"]
            tls = try NIOSSLContext(configuration: settings)
        }
        pool = .makeBoxSendingValue(
            HTTP2Pool(configuration: configuration, loop: loop, tls: tls), eventLoop: loop)
    }

    package func send(_ request: WriteRequest) async -> Outcome {
        let exchange = await exchange(
            GRPCMethod(request.operation), body: GRPCMessage.framed(request), answerBytesMax: Self.writeAnswerBytesMax)
        return GRPCOutcome.outcome(of: exchange, operation: request.operation)
    }

    package func describe() async throws -> IndexDescription {
        let exchange = await exchange(
            .describeIndexStats, body: GRPCMessage.empty, answerBytesMax: Self.describeAnswerBytesMax)
        // A question about the index fails like a write to it: NOT_FOUND means that there is no index.
        let outcome = GRPCOutcome.outcome(of: exchange, operation: .upsert)
        guard case .acknowledged = outcome, case .answered(let answer) = exchange else {
            throw TransportFailure(outcome)
        }
        return IndexDescription(
            dimension: ProtobufFields.varint(2, in: answer.body).flatMap { Int(exactly: $0) },
            records: ProtobufFields.varint(4, in: answer.body).flatMap { Int(exactly: $0) } ?? 0)
    }

    package func close() async {
        let closing = loop.flatSubmit { [pool] in pool.value.close() }
        try? await closing.get()  // it only fails with its event loop, which is just as closed
    }

    private func exchange(_ method: GRPCMethod, body: RequestBody, answerBytesMax: Int) async -> GRPCExchange {
        let result = loop.makePromise(of: GRPCExchange.self)
        let call = NIOLoopBoundBox.makeBoxSendingValue(
            UnaryCall(
                timeout: configuration.requestTimeout, body: body, answerBytesMax: answerBytesMax, result: result,
                makeHeaders: { [configuration, apiKey] timeLeft in
                    method.headers(configuration, apiKey: apiKey(), timeout: timeLeft)
                }),
            eventLoop: loop)
        return await withTaskCancellationHandler {
            loop.execute { [pool] in pool.value.start(call.value) }
            do {
                return try await result.futureResult.get()
            } catch {
                return .lost("\(error)")
            }
        } onCancel: {
            loop.execute { call.value.end("cancelled before it was answered") }
        }
    }
}
