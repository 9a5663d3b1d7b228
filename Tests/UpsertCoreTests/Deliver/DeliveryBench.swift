import UpsertCore

/// Batches that exist nowhere else.
enum DeliveryBench {
    static func batch(
        _ count: Int, lane: LaneNumber = 1, operation: OperationKind = .upsert, firstName: Int = 0
    ) -> Batch {
        var window = Window(indexRecordsMax: 1_000_000)
        window.register(lane: lane, target: "t", namespace: "")
        var directory = ChunkDirectory()
        var payload: [UInt8] = []
        for number in firstName..<firstName + count {
            payload += Array(repeating: 7, count: 1_000)
            directory.append(key: WindowBench.key("r\(number)", lane: lane), end: payload.count, weight: 1_000)
        }
        let chunk = ChunkState(
            sequence: 1, lane: lane, operation: operation, encoding: .protobuf, submissions: SubmissionRuns(1),
            acceptedAt: 0,
            records: count, bytes: payload.count, done: Bitmap(count: count), found: false)
        window.append(chunk, keys: directory.keys, now: 0)
        let content = ChunkContent(directory: directory, payload: payload)
        guard
            case .batch(let batch) = window.take(
                target: "t", rules: TakeRules(now: 0, linger: 0, urgent: true), content: { _, _ in content })
        else { fatalError("a batch of \(count) records") }
        return batch
    }
}
