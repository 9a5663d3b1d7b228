internal import AsyncHTTPClient
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import UpsertCore

/// The vectors and the records API over REST on HTTP/1.1, as the official SDK speaks it, one request a connection.
///
/// HTTP/2 is not offered: AsyncHTTPClient uses one connection, whose window all uploads would share, and does not tell which
/// requests a GOAWAY left behind, so that each of them would be one whose outcome is not known.
///
/// It must be closed before it is let go: AsyncHTTPClient stops the process otherwise.
package final class RESTTransport: Transport {
    /// Requests at a time; each takes a connection. How many there really are, the sender decides.
    private static let connectionsMax = 256
    /// Bytes of an answer to a write: a count or an error.
    private static let writeAnswerBytesMax = 65_536
    /// Bytes of an index description, which has an entry for each of up to 100,000 namespaces.
    private static let describeAnswerBytesMax = 64 << 20

    package let encodings: Set<Encoding> = [.json, .ndjson]
    private let configuration: TransportConfiguration
    private let apiKey: @Sendable () -> APIKey
    private let client: HTTPClient
    private let allocator = ByteBufferAllocator()

    /// Opens no connection yet.
    ///
    /// - Parameters:
    ///   - group: Where the connections live; it is not shut down with the transport.
    ///   - apiKey: Asked for every request, so that a key can be exchanged while running.
    /// - Throws: ``TransportSetupError`` for an unusable CA file.
    package init(
        configuration: TransportConfiguration, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        apiKey: @escaping @Sendable () -> APIKey
    ) throws {
        self.configuration = configuration
        self.apiKey = apiKey
        var settings = HTTPClient.Configuration(
            tlsConfiguration: try TLSSetup.configuration(caFile: configuration.caFile),
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(configuration.connectTimeout)))
        settings.httpVersion = .http1Only
        settings.connectionPool.idleTimeout = TimeAmount(configuration.idleTimeout)
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.connectionsMax
        // One retry layer only, and it is not here.
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: settings)
    }

    package func send(_ request: WriteRequest) async -> Outcome {
        let exchange = await exchange(
            RESTRequest(request), answerBytesMax: Self.writeAnswerBytesMax)
        return RESTOutcome.outcome(of: exchange, operation: request.operation, encoding: request.encoding)
    }

    package func describe() async throws -> IndexDescription {
        let exchange = await exchange(
            .describeIndexStats, answerBytesMax: Self.describeAnswerBytesMax)
        // A question about the index fails like a write to it: 404 means that there is no index.
        let outcome = RESTOutcome.outcome(of: exchange, operation: .upsert, encoding: .json, isWrite: false)
        guard case .acknowledged = outcome, case .answered(let answer) = exchange,
            let fields = JSONFields(answer.body[...])
        else { throw TransportFailure(outcome) }
        return IndexDescription(
            dimension: fields.integer("dimension"), records: fields.integer("totalVectorCount") ?? 0)
    }

    package func close() async {
        try? await client.shutdown()  // it only fails when it was closed before
    }

    private func exchange(_ request: RESTRequest, answerBytesMax: Int) async -> RESTExchange {
        let responder = RESTResponder(bodyBytesMax: answerBytesMax)
        do {
            let task = client.execute(
                request: try httpRequest(request), delegate: responder,
                deadline: .now() + TimeAmount(configuration.requestTimeout))
            return try await withTaskCancellationHandler {
                .answered(try await task.futureResult.get())
            } onCancel: {
                task.cancel()
            }
        } catch {
            return responder.exchange(endedBy: error, configuration: configuration)
        }
    }

    /// The headers and their case are those of the official SDK.
    private func httpRequest(_ request: RESTRequest) throws -> HTTPClient.Request {
        try HTTPClient.Request(
            url: configuration.endpoint.url + request.path, method: .POST,
            headers: [
                "X-Pinecone-Api-Version": TransportConfiguration.apiVersion,
                "User-Agent": configuration.userAgent,
                "Api-Key": apiKey().secret,
                "Content-Type": request.contentType,
            ],
            body: .stream(contentLength: Int64(request.body.count)) { [allocator] writer in
                Self.write(request.body, to: writer, allocator)
            })
    }

    /// Writes one piece after another, each when the one before it has gone out.
    private static func write(
        _ body: RequestBody, to writer: HTTPClient.Body.StreamWriter, _ allocator: ByteBufferAllocator
    ) -> EventLoopFuture<Void> {
        var rest = body
        let written = writer.write(.byteBuffer(rest.next(allocator: allocator)))
        if rest.isEmpty { return written }
        return written.flatMap { [rest] in write(rest, to: writer, allocator) }
    }
}
