import Foundation
import Testing

@testable import UpsertIndex

@Suite struct SearchTests {
    private func score(
        _ metric: Metric, _ query: [Float], _ row: [Float], sparse: (SparseVector, SparseVector)? = nil
    ) -> Float? {
        let scorer = Scorer(metric: metric, dense: FloatBytes.bytes(query), sparse: sparse?.0)
        let other = sparse.map { SparseBytes.encode($0.1) } ?? []
        return Array(FloatBytes.bytes(row)).withUnsafeBytes { dense in
            other.withUnsafeBytes { scorer.score(dense: dense, sparse: $0) }
        }
    }

    @Test(arguments: [1, 2, 7, 8, 9, 15, 16, 17, 768])
    func scoresAgreeWithThePlainFormulas(_ dimension: Int) throws {
        var random = seededGenerator()
        for _ in 0..<20 {
            let query = (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }
            let row = (0..<dimension).map { _ in Float.random(in: -1...1, using: &random) }
            let dot = zip(query, row).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let lengths = [query, row].map { $0.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }
            let distance = zip(query, row).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
            #expect(abs(Double(try #require(score(.dotproduct, query, row))) - dot) < 1e-3)
            #expect(abs(Double(try #require(score(.cosine, query, row))) - dot / lengths[0] / lengths[1]) < 1e-3)
            #expect(abs(Double(try #require(score(.euclidean, query, row))) - distance) < 1e-3)
        }
    }

    @Test func hybridScoreIsTheSumOfBothDotProducts() {
        let query = SparseVector(indices: [9, 3, 7], values: [2, 1, 5])
        let row = SparseVector(indices: [3, 9, 100], values: [4, 0.5, 8])
        #expect(score(.dotproduct, [1, 2], [3, 4], sparse: (query, row)) == Float(16))
        #expect(score(.dotproduct, [], [], sparse: (query, row)) == Float(5))
    }

    @Test func topKKeepsWhatSortingWouldKeep() {
        var random = seededGenerator()
        for _ in 0..<200 {
            let capacity = Int.random(in: 1...20, using: &random)
            let entries = (0..<Int.random(in: 0...100, using: &random)).map {
                TopK.Entry(rank: Float(Int.random(in: 0...10, using: &random)), row: Int64($0))
            }
            var best = TopK(capacity: capacity)
            for entry in entries { best.insert(entry.rank, row: entry.row) }
            let sorted = entries.sorted { $0.rank == $1.rank ? $0.row < $1.row : $0.rank > $1.rank }
            #expect(best.best == Array(sorted.prefix(capacity)))
        }
    }

    @Test(arguments: [
        (Metric.cosine, ["far", "near"]), (.dotproduct, ["far", "near"]), (.euclidean, ["near", "far"]),
    ])
    func ordersByTheMetric(_ metric: Metric, _ expected: [String]) async throws {
        let index = try Harness(metric: metric)
        await index.upsert("near", #""values":[1,0.1]"#)
        await index.upsert("far", #""values":[100,0]"#)
        let answer = await index.rest("POST", "/query", #"{"topK":5,"vector":[1,0]}"#)
        guard case .array(let matches)? = answer.json?["matches"] else {
            Issue.record("\(answer.text)")
            return
        }
        #expect(matches.compactMap { $0["id"] } == expected.map { .string($0) })
    }

    @Test func equalTextsHaveEqualVectors() throws {
        let embedding = HashedEmbedding(dimension: 16)
        let vector = { (text: String) in
            let record = VectorRecord(id: "r", metadata: Array(#"{"text":"\#(text)"}"#.utf8)[...])
            return try embedding.embed(record).denseValues
        }
        #expect(try vector("Hello, World") == vector("hello world"))
        #expect(try vector("hello world") != vector("something else"))
        #expect(try vector("") == [1] + Array(repeating: 0, count: 15))
    }
}
