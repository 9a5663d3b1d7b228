/// Why a batch cannot become a request of the form that a transport sends.
package enum RequestFailure: Error, Sendable, Equatable {
    /// Its encoding and the transport's have nothing in common: text records over gRPC.
    case noForm
    /// A stored record is not in the form that its encoding describes.
    case damaged
}

extension Encoding {
    /// The form in which a transport that sends `encodings` sends records stored in this one; nil when it cannot.
    package func sent(by encodings: Set<Encoding>, _ operation: OperationKind) -> Encoding? {
        if encodings.contains(self) { return self }
        // Ids are ids, but a text record has no values that another API could take.
        guard self != .ndjson || operation == .delete else { return nil }
        return encodings.contains(.protobuf) ? .protobuf : encodings.contains(.json) ? .json : nil
    }

    /// Bounds on the stored bytes of a request that is sent in another form, for the published bounds to hold there too.
    ///
    /// A float takes 4 bytes in protobuf and at most 16 as JSON with its comma; the other way it shrinks.
    package func limits(sentAs other: Encoding, _ operation: OperationKind, _ published: RequestLimits) -> RequestLimits
    {
        guard self == .protobuf, other == .json, operation == .upsert else { return published }
        var limits = published
        limits.bytesMax /= 4
        limits.weightMax /= 4
        return limits
    }
}

extension Batch {
    /// The request that sends these records through a transport that sends `encodings`; as they lie where it can.
    ///
    /// - Throws: ``RequestFailure``.
    package func request(for encodings: Set<Encoding>) throws(RequestFailure) -> WriteRequest {
        guard let form = encoding.sent(by: encodings, operation) else { throw .noForm }
        guard form != encoding else { return request }
        var bytes: [UInt8] = []
        for index in 0..<count {
            guard let record = Self.transcode(record(index), operation, from: encoding, to: form) else {
                throw .damaged
            }
            bytes.append(contentsOf: record)
        }
        return WriteRequest(
            operation: operation, encoding: form, namespace: namespace, recordCount: count, segments: [bytes[...]])
    }

    private static func transcode(
        _ stored: ArraySlice<UInt8>, _ operation: OperationKind, from encoding: Encoding, to form: Encoding
    ) -> [UInt8]? {
        switch (encoding, form) {
        case (.protobuf, _): Transcode.json(protobuf: stored, operation)
        case (_, .protobuf): Transcode.protobuf(json: stored, operation)
        // Deletes are the same in both JSON encodings.
        case (_, _): Array(stored)
        }
    }
}
