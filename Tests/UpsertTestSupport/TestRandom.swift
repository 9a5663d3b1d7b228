/// A random source that a printed seed repeats: SplitMix64.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
package struct TestRandom: RandomNumberGenerator {
    /// What to put into `UPSERTD_TEST_SEED` to repeat a run.
    package let seed: UInt64
    private var state: UInt64

    package init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// A generator for one case of a test: from the environment where given, else new; prints the seed.
    package static func forTest(_ name: String = #function) -> TestRandom {
        let seed =
            TestEnvironment.integer("UPSERTD_TEST_SEED").map { UInt64(bitPattern: Int64($0)) }
            ?? UInt64.random(in: 0..<1 << 48)
        print("\(name): UPSERTD_TEST_SEED=\(seed)")
        return TestRandom(seed: seed)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
