/// One request to a target: already encoded records of one namespace and operation.
package struct WriteRequest: Sendable {
    package var operation: OperationKind
    package var encoding: Encoding
    /// The namespace; empty for the default one.
    package var namespace: String
    /// Records in `segments`, at least 1; exactly 1 for an update.
    package var recordCount: Int
    /// The encoded records in order, each segment holding whole records as ``Encoding`` says.
    package var segments: [ArraySlice<UInt8>]

    package init(
        operation: OperationKind, encoding: Encoding, namespace: String, recordCount: Int, segments: [ArraySlice<UInt8>]
    ) {
        self.operation = operation
        self.encoding = encoding
        self.namespace = namespace
        self.recordCount = recordCount
        self.segments = segments
    }

    /// Bytes of all segments, without the envelope.
    package var payloadBytes: Int { segments.reduce(0) { $0 + $1.count } }
}

/// What an index says of itself.
package struct IndexDescription: Sendable, Equatable {
    /// Dense dimension; nil for a sparse index or where the server does not say.
    package var dimension: Int?
    /// Records over all namespaces.
    package var records: Int

    package init(dimension: Int?, records: Int) {
        self.dimension = dimension
        self.records = records
    }
}

/// Sends requests to one target. Never retries: one retry layer only, and it is not here.
package protocol Transport: Sendable {
    /// The encodings that it sends.
    var encodings: Set<Encoding> { get }
    /// Sends one request and says what became of it, within the configured request timeout.
    func send(_ request: WriteRequest) async -> Outcome
    /// Asks the index for its dimension and size (`describe_index_stats`).
    ///
    /// - Throws: ``TransportFailure`` when there is no usable answer.
    func describe() async throws -> IndexDescription
    /// Closes connections; requests still in flight end as ambiguous.
    func close() async
}

/// No usable answer to a question that changes nothing.
package struct TransportFailure: Error, Sendable, CustomStringConvertible {
    package var outcome: Outcome
    package init(_ outcome: Outcome) { self.outcome = outcome }
    package var description: String { "\(outcome)" }
}
