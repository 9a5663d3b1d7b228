import Testing
import UpsertCore

@Suite struct BitmapTests {
    @Test(arguments: [1, 7, 8, 63, 64, 65, 1_000]) func `survives being stored`(count: Int) {
        var bitmap = Bitmap(count: count)
        for position in stride(from: 0, to: count, by: 3) { bitmap[position] = true }
        let restored = Bitmap(bytes: bitmap.bytes, count: count)
        #expect(restored == bitmap)
        #expect(restored.population == (count + 2) / 3)
        #expect(bitmap.bytes.count == (count + 7) / 8)
    }

    @Test func `ignores bits beyond its end and fills what is missing`() {
        #expect(Bitmap(bytes: [0xff, 0xff], count: 9).population == 9)
        #expect(Bitmap(bytes: [], count: 9).population == 0)
    }
}
