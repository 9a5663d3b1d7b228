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

    /// Bounds on the stored bytes of a request that is sent in another form than it was weighed for, for the published bounds
    /// to hold there too.
    ///
    /// A float takes 4 bytes in protobuf and at most 15 as JSON with its comma. The other way a weight of JSON says nothing, but
    /// what counts there, 8 for each non-zero at most, is no more than twice the stored bytes.
    package func limits(sentAs other: Encoding, _ operation: OperationKind, _ published: RequestLimits) -> RequestLimits
    {
        var limits = published
        switch (self, other) {
        case (.protobuf, .json) where operation == .upsert:
            limits.bytesMax /= 4
            limits.weightMax /= 4
        case (.packed, .protobuf) where operation == .upsert:
            limits.bytesMax /= 2
            limits.weightMax = .max
        default: break
        }
        return limits
    }
}

extension Batch {
    /// The request that sends these records through a transport that sends `encodings`; as they lie where it can.
    ///
    /// - Parameter text: Gets what has to be written in another form, in memory of ``PayloadPool``; the request shares it.
    /// - Throws: ``RequestFailure``.
    package func request(
        for encodings: Set<Encoding>, text: inout [UInt8]
    ) throws(RequestFailure) -> WriteRequest {
        guard let form = encoding.sent(by: encodings, operation) else { throw .noForm }
        var request = request
        request.encoding = form
        if form == encoding || form.isProtobuf && encoding.isProtobuf { return request }
        text = PayloadPool.shared.take()
        for index in 0..<count {
            guard Self.append(record(index), operation, from: encoding, to: form, &text) else { throw .damaged }
        }
        request.segments = [text[...]]
        return request
    }

    private static func append(
        _ stored: ArraySlice<UInt8>, _ operation: OperationKind, from encoding: Encoding, to form: Encoding,
        _ bytes: inout [UInt8]
    ) -> Bool {
        // Deletes are the same in both JSON encodings.
        guard encoding.isProtobuf || form.isProtobuf else {
            bytes.append(contentsOf: stored)
            return true
        }
        if encoding.isProtobuf && operation != .delete { return VectorText.append(stored, operation, to: &bytes) }
        let record =
            encoding.isProtobuf
            ? Transcode.json(protobuf: stored, operation) : Transcode.protobuf(json: stored, operation)
        guard let record else { return false }
        bytes.append(contentsOf: record)
        return true
    }
}
