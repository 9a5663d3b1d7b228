import Testing
import UpsertCore

@Suite struct RecordKeyTests {
    /// Made by an independent implementation that reproduces the published SipHash-2-4-128 vectors.
    @Test(arguments: [
        (Int64(1), "a", UInt64(0x2371_ba6d_673c_f454), UInt64(0x7579_354f_599f_007f)),
        (1, "rec-00000001", 0x1caa_c38f_7cd6_dae8, 0xd592_0043_13e8_c3e6),
        (7, "", 0x3071_0c40_3b90_4d5f, 0x5d34_5523_e6f5_bcdc),
        (1 << 40, String(repeating: "x", count: 36), 0x4d59_ed5b_7ce9_d65e, 0xb59a_c8b1_5134_1686),
        (-1, "12345678", 0x6783_3188_bb39_ed43, 0x56da_90e9_3795_23db),
    ])
    func `keys are SipHash-1-3-128 of lane and id`(lane: Int64, id: String, high: UInt64, low: UInt64) {
        let hasher = RecordKeyHasher(secret: Array(0..<16))
        #expect(hasher.key(lane: lane, id: Array(id.utf8)) == RecordKey(high: high, low: low))
    }

    @Test func `another secret gives other keys`() {
        let first = RecordKeyHasher(secret: Array(0..<16)).key(lane: 1, id: [1])
        let second = RecordKeyHasher(secret: Array(1..<17)).key(lane: 1, id: [1])
        #expect(first != second)
    }
}
