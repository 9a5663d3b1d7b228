import Testing
import UpsertDaemon
import UpsertTestSupport

/// Configuration files that nobody meant to write.
@Suite struct ConfigurationFuzzTests {
    /// Reads a text; what is wrong with it is said in words, and what is right is read the same again.
    private func judge(_ yaml: String) -> Bool {
        do throws(ConfigurationErrors) {
            let configuration = try DaemonConfiguration(yaml: yaml, file: "c.yaml")
            #expect(!configuration.targets.isEmpty && !(configuration.spools.isEmpty && configuration.outboxes.isEmpty))
            do throws(ConfigurationErrors) {
                #expect(try DaemonConfiguration(yaml: yaml, file: "c.yaml") == configuration)
            } catch { Issue.record("read once and then refused: \(yaml)") }
            return true
        } catch {
            #expect(!error.problems.isEmpty, "\(yaml)")
            for problem in error.problems {
                #expect(!problem.message.isEmpty && problem.description.utf8.count < 20_000, "\(yaml)")
            }
            return false
        }
    }

    @Test func `any text is read or refused with a reason`() {
        var inputs = ConfigurationInputs(
            random: .forTest("configurations"), kept: Corpus.files("configuration").map(\.bytes))
        let count = TestEnvironment.runs(2_000)
        var accepted = 0
        var slowest = Duration.zero
        for _ in 0..<count {
            let yaml = inputs.next()
            let start = ContinuousClock.now
            if judge(yaml) { accepted += 1 }
            slowest = max(slowest, ContinuousClock.now - start)
        }
        print(
            "configurations: \(count) inputs, \(accepted) accepted, slowest \(slowest); "
                + "UPSERTD_TEST_SEED=\(inputs.random.seed)")
        #expect(accepted > count / 20 && accepted < count)
        #expect(slowest < .seconds(2))
    }

    @Test(arguments: Corpus.files("configuration").map(\.name)) func `every kept file is judged`(name: String) throws {
        let file = try #require(Corpus.files("configuration").first { $0.name == name })
        #expect(judge(String(decoding: file.bytes, as: UTF8.self)) == name.hasPrefix("good"))
    }

    @Test func `aliases of aliases do not unfold`() {
        var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            yaml +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        let start = ContinuousClock.now
        #expect(!judge(yaml + "targets: *a30\n"))
        #expect(!judge(yaml + "targets:\n  main:\n    host: *a30\n"))
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "]) func `a file nested ten thousand deep is refused`(open: String) {
        #expect(!judge("targets: " + String(repeating: open, count: 10_000)))
        #expect(!judge("targets:\n" + String(repeating: open, count: 10_000) + "x"))
    }

    @Test func `a key of a megabyte is refused without being repeated whole`() {
        #expect(!judge(String(repeating: "k", count: 1_000_000) + ": 1\n"))
        #expect(!judge("\"" + String(repeating: "k", count: 1_000_000) + "\": 1\ntargets: {}\n"))
    }
}
