import Testing
import UpsertTestSupport

@testable import UpsertCore

@Suite struct WindowLoadTests {
    /// Chunks of a queue with few keys, so that many are written again, by all operations, some settled already.
    private static func chunks(using generator: inout TestRandom) -> [(ChunkState, [RecordKey])] {
        let keys = (0..<200).map { number in
            RecordKey(high: UInt64(number).byteSwapped &* 0x9e37_79b9, low: UInt64(number))
        }
        return (1...40).map { number in
            let records = Int.random(in: 1...30, using: &generator)
            let used = Array(keys.shuffled(using: &generator).prefix(records))
            var done = Bitmap(count: records)
            for position in 0..<records where Int.random(in: 0..<8, using: &generator) == 0 { done[position] = true }
            let kind = OperationKind.allCases.randomElement(using: &generator)!
            let chunk = ChunkState(
                sequence: Int64(number), lane: Int64.random(in: 1...3, using: &generator), operation: kind,
                encoding: .json, submissions: SubmissionRuns(Int64(number)), acceptedAt: Int64(number),
                records: records,
                bytes: 100 * records, done: done, found: number % 2 == 0)
            return (chunk, used)
        }
    }

    private static func window(indexRecordsMax: Int, held: [RecordKey]) -> Window {
        var window = Window(indexRecordsMax: indexRecordsMax, foundUntil: 1_000)
        for lane in 1...3 { window.register(lane: Int64(lane), target: "t", namespace: "n\(lane)") }
        for key in held { window.hold(key, lane: 1, until: 500) }
        return window
    }

    @Test(arguments: [1_000_000, 120])
    func `many at once leaves the window as one after another does`(indexRecordsMax: Int) {
        var generator = TestRandom.forTest()
        for _ in 0..<TestEnvironment.runs(60) {
            let chunks = Self.chunks(using: &generator)
            let held = chunks.flatMap(\.1).filter { _ in Int.random(in: 0..<10, using: &generator) == 0 }
            var one = Self.window(indexRecordsMax: indexRecordsMax, held: held)
            var many = Self.window(indexRecordsMax: indexRecordsMax, held: held)
            many.reserve(records: 500)
            var found = FoundChunks()
            for (number, (chunk, keys)) in chunks.enumerated() {
                one.append(chunk, keys: keys, now: 10)
                var directory = ChunkDirectory()
                for key in keys { directory.append(key: key, end: 0, weight: 0) }
                directory.bytes.withUnsafeBytes { found.append(chunk, directory: $0) }
                // In three parts, so that keys are found that an earlier part has brought.
                if number % 15 == 14 { many.append(&found, now: 10) }
            }
            many.append(&found, now: 10)
            expectSame(one, many, Set(chunks.flatMap(\.1)))
        }
    }

    private func expectSame(_ one: Window, _ many: Window, _ keys: Set<RecordKey>) {
        for key in keys { #expect(one.index[key] == many.index[key]) }
        #expect(one.index.count == many.index.count)
        #expect(one.chains == many.chains)
        #expect(one.queuedRecords == many.queuedRecords && one.supersededUnsaved == many.supersededUnsaved)
        #expect(one.dirty == many.dirty && one.dead == many.dead && one.coldChunks == many.coldChunks)
        #expect(one.chunks.map { $0?.done } == many.chunks.map { $0?.done })
        #expect(one.chunks.map { $0?.taken } == many.chunks.map { $0?.taken })
        #expect(one.chunks.map { $0?.waiting } == many.chunks.map { $0?.waiting })
        #expect(one.chunks.map { $0?.turn } == many.chunks.map { $0?.turn })
        // One after another also schedules chunks that a later one then supersedes whole.
        #expect(
            many.chunks.allSatisfy { $0.map { $0.scheduled == ($0.warm && $0.waiting > 0) || $0.scheduled } ?? true })
        for key in keys {
            #expect(one.holds.holds[key]?.until == many.holds.holds[key]?.until)
            #expect(one.holds.holds[key]?.blocks == many.holds.holds[key]?.blocks)
        }
    }
}
