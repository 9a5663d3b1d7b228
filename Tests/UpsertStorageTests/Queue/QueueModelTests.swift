import Testing
import UpsertCore
import UpsertStorage
import UpsertTestSupport

/// What an index would hold: applies the stored JSON of each operation.
private struct ServerModel {
    private(set) var records: [String: [String: String]] = [:]

    /// Test records have the form id, values [v], metadata {m: x}; a part that is absent is untouched by an update.
    mutating func apply(_ kind: OperationKind, _ text: String) {
        let id = part(of: text, between: "\"k", and: "\"") ?? ""
        var fields: [String: String] = [:]
        if let value = part(of: text, between: "\"values\":[", and: "]") { fields["value"] = value }
        for name in ["m", "n"] {
            if let value = part(of: text, between: "\"\(name)\":", and: ",}") { fields[name] = value }
        }
        switch kind {
        case .upsert: records[id] = fields
        case .delete: records[id] = nil
        case .update: if records[id] != nil { records[id]?.merge(fields) { $1 } }
        }
    }

    private func part(of text: String, between start: String, and ends: String) -> String? {
        guard let begin = text.firstRange(of: start)?.upperBound else { return nil }
        return String(text[begin...].prefix { !ends.contains($0) })
    }
}

/// Random accepts, deliveries, unknown outcomes that apply late, and crashes, against a model of what must come out.
@Suite struct QueueModelTests {
    private struct Pending {
        var batch: Batch
        var ambiguousSince: Int64?
    }

    private struct Late {
        var kind: OperationKind
        var texts: [String]
        var at: Int64
    }

    @Test func `whatever happens the index ends with the newest writes`() async throws {
        var generator = TestRandom.forTest()
        var crashes = 0
        for run in 0..<TestEnvironment.runs(40) {
            crashes += try await oneRun(&generator, run)
        }
        #expect(crashes > 0)
    }

    private func oneRun(_ generator: inout TestRandom, _ run: Int) async throws -> Int {
        let hold: Int64 = 1_000
        let bench = try QueueBench(indexRecordsMax: run % 3 == 0 ? 8 : 1_000, foundHold: hold)
        var server = ServerModel()
        var expected = ServerModel()
        var inFlight: [Pending] = []
        var late: [Late] = []
        var now: Int64 = 1
        var crashes = 0
        for step in 0..<80 {
            now += Int64.random(in: 0...200, using: &generator)
            for request in late where request.at <= now { request.texts.forEach { server.apply(request.kind, $0) } }
            late.removeAll { $0.at <= now }
            switch Int.random(in: 0..<11, using: &generator) {
            case 10:
                _ = try await bench.queue.rewriteSparse(now: now, bytesMin: 0)
            case 0..<4:
                let lines = (0..<Int.random(in: 1...9, using: &generator)).map { _ in Self.record(step, &generator) }
                for line in lines { expected.apply(line.kind, line.text) }
                try await bench.accept(lines.map(\.text), at: now)
            case 4..<6:
                if let batch = try await bench.take(at: now) { inFlight.append(Pending(batch: batch)) }
            case 6..<9:
                guard !inFlight.isEmpty else { continue }
                let pending = inFlight.remove(at: Int.random(in: 0..<inFlight.count, using: &generator))
                let texts = Self.texts(pending.batch)
                if Int.random(in: 0..<3, using: &generator) == 0 {
                    // Unknown outcome: applied at some time before the hold is over, and sent again as it is.
                    let at = now + Int64.random(in: 0..<hold, using: &generator)
                    if Bool.random(using: &generator) {
                        late.append(Late(kind: pending.batch.operation, texts: texts, at: at))
                    }
                    inFlight.append(Pending(batch: pending.batch, ambiguousSince: pending.ambiguousSince ?? now))
                } else {
                    texts.forEach { server.apply(pending.batch.operation, $0) }
                    let until = pending.ambiguousSince.map { _ in now + hold }
                    try await bench.queue.settle(
                        [Settlement(batch: pending.batch, result: .delivered, holdUntil: until)], now: now)
                }
            default:
                // A crash: what was in flight may still be applied, within the hold.
                crashes += 1
                for pending in inFlight where Bool.random(using: &generator) {
                    let at = now + Int64.random(in: 0..<hold, using: &generator)
                    late.append(Late(kind: pending.batch.operation, texts: Self.texts(pending.batch), at: at))
                }
                inFlight = []
                try await bench.reopen(at: now)
            }
            Self.expectDisjoint(inFlight.map(\.batch))
            try await bench.checkedStatus()
        }
        try await finish(bench, inFlight, late, &server, now + hold)
        #expect(server.records == expected.records, "run \(run)")
        #expect(try await bench.checkedStatus().queuedRecords == 0)
        return crashes
    }

    /// The network heals: everything outstanding is answered, time passes, and all that waits is delivered.
    private func finish(
        _ bench: QueueBench, _ inFlight: [Pending], _ late: [Late], _ server: inout ServerModel, _ start: Int64
    ) async throws {
        for request in late { request.texts.forEach { server.apply(request.kind, $0) } }
        for pending in inFlight {
            Self.texts(pending.batch).forEach { server.apply(pending.batch.operation, $0) }
            try await bench.queue.settle(
                [Settlement(batch: pending.batch, result: .delivered, holdUntil: nil)], now: start)
        }
        for round in 0..<5 {
            let now = start + Int64(round) * 10_000
            while let batch = try await bench.take(at: now) {
                Self.texts(batch).forEach { server.apply(batch.operation, $0) }
                try await bench.queue.settle([Settlement(batch: batch, result: .delivered, holdUntil: nil)], now: now)
            }
        }
    }

    private static func texts(_ batch: Batch) -> [String] {
        (0..<batch.count).map { String(decoding: batch.record($0), as: UTF8.self) }
    }

    private static func expectDisjoint(_ batches: [Batch]) {
        var keys: Set<RecordKey> = []
        for batch in batches {
            for index in 0..<batch.count { #expect(keys.insert(batch.key(index)).inserted, "one id in two requests") }
        }
    }

    private static func record(_ step: Int, _ generator: inout TestRandom) -> (kind: OperationKind, text: String) {
        let id = "k\(Int.random(in: 0..<6, using: &generator))"
        let value = step * 100 + Int.random(in: 1..<100, using: &generator)
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<5: return (.upsert, #"{"id":"\#(id)","values":[\#(value)],"metadata":{"m":\#(value),"n":1}}"#)
        case 5: return (.upsert, #"{"id":"\#(id)","values":[\#(value)]}"#)
        case 6: return (.delete, #"{"op":"delete","id":"\#(id)"}"#)
        case 7: return (.update, #"{"op":"update","id":"\#(id)","values":[\#(value)]}"#)
        default: return (.update, #"{"op":"update","id":"\#(id)","set_metadata":{"m":\#(value)}}"#)
        }
    }
}
