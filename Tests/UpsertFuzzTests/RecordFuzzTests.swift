import Testing
import UpsertCore
import UpsertTestSupport

/// Records that nobody meant to write, against the embedded index's own decoders.
@Suite struct RecordFuzzTests {
    @Test func `whatever is accepted means the same to an independent decoder`() throws {
        var inputs = RecordInputs(random: .forTest("records"), kept: Corpus.files("records").map(\.bytes))
        var judge = RecordJudge()
        let count = TestEnvironment.runs(20_000)
        var slowest = Duration.zero
        for _ in 0..<count {
            let input = inputs.next()
            let start = ContinuousClock.now
            do {
                try judge.judge(input)
            } catch {
                Issue.record("\(error)\n\(String(decoding: input, as: UTF8.self))\n\(input)")
                return
            }
            slowest = max(slowest, ContinuousClock.now - start)
        }
        print(
            "records: \(count) inputs, \(judge.accepted.vectors) accepted as vectors, \(judge.accepted.texts) as text, "
                + "slowest \(slowest); UPSERTD_TEST_SEED=\(inputs.random.seed)")
        #expect(judge.accepted.vectors > count / 50 && judge.accepted.texts > count / 50)
        #expect(slowest < .seconds(2))
    }

    @Test(arguments: Corpus.files("records").map(\.name)) func `every kept input is judged`(name: String) throws {
        var judge = RecordJudge()
        let file = try #require(Corpus.files("records").first { $0.name == name })
        try judge.judge(file.bytes)
    }
}
