/// The bytes of a chunk and the table of its records, as read from the queue or just accepted.
package final class ChunkContent: Sendable {
    package let directory: ChunkDirectory
    package let payload: [UInt8]

    package init(directory: ChunkDirectory, payload: [UInt8]) {
        self.directory = directory
        self.payload = PayloadPool.shared.fitted(payload)
    }

    deinit { PayloadPool.shared.giveBack(payload) }
}

/// Records taken from the queue for one request. Its records stay in the queue, marked as taken, until it is settled.
package struct Batch: Sendable {
    package let lane: LaneNumber
    package let target: String
    package let namespace: String
    package let operation: OperationKind
    package let encoding: Encoding
    /// The records, in the order in which they are sent.
    package private(set) var places: [RecordPlace] = []
    /// Content of every chunk that `places` names.
    package private(set) var contents: [UInt32: ChunkContent] = [:]
    package private(set) var weight = 0
    package private(set) var bytes = 0
    /// Unix milliseconds at which its oldest record was accepted.
    package private(set) var oldestAcceptedAt: Int64 = .max

    package init(
        lane: LaneNumber, target: String, namespace: String, operation: OperationKind, encoding: Encoding
    ) {
        self.lane = lane
        self.target = target
        self.namespace = namespace
        self.operation = operation
        self.encoding = encoding
    }

    package var count: Int { places.count }

    /// Bytes of the request that it becomes, or a little more.
    var requestBytes: Int { encoding == .packed ? weight : bytes }

    mutating func append(_ place: RecordPlace, _ content: ChunkContent, acceptedAt: Int64) {
        let position = Int(place.position)
        if places.last?.slot != place.slot { contents[place.slot] = content }
        places.append(place)
        weight += Int(content.directory.weights[position])
        bytes += content.directory.range(position).count
        oldestAcceptedAt = min(oldestAcceptedAt, acceptedAt)
    }

    /// The key of the record at `index`.
    package func key(_ index: Int) -> RecordKey {
        let place = places[index]
        guard let content = contents[place.slot] else { preconditionFailure("a batch holds the content of its chunks") }
        return content.directory.keys[Int(place.position)]
    }

    /// The stored bytes of the record at `index`.
    package func record(_ index: Int) -> ArraySlice<UInt8> {
        let place = places[index]
        guard let content = contents[place.slot] else { preconditionFailure("a batch holds the content of its chunks") }
        return content.payload[content.directory.range(Int(place.position))]
    }

    /// The same batch with only the records in `range`; used to split and to bisect.
    package func part(_ range: Range<Int>) -> Batch {
        var part = Batch(
            lane: lane, target: target, namespace: namespace, operation: operation, encoding: encoding)
        for place in places[range] {
            guard let content = contents[place.slot] else { preconditionFailure("a batch holds its contents") }
            part.append(place, content, acceptedAt: oldestAcceptedAt)
        }
        return part
    }

    /// The request that sends these records: neighbouring records of a chunk form one segment, copied nowhere.
    package var request: WriteRequest {
        var segments: [ArraySlice<UInt8>] = []
        var index = 0
        while index < places.count {
            let first = places[index]
            var last = index
            while last + 1 < places.count, places[last + 1].slot == first.slot,
                places[last + 1].position == places[last].position + 1
            {
                last += 1
            }
            if let content = contents[first.slot] {
                let start = content.directory.range(Int(first.position)).lowerBound
                let end = content.directory.range(Int(places[last].position)).upperBound
                segments.append(content.payload[start..<end])
            }
            index = last + 1
        }
        return WriteRequest(
            operation: operation, encoding: encoding, namespace: namespace, recordCount: count, segments: segments)
    }
}
