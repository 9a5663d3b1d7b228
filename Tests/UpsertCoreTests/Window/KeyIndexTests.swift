import Testing
import UpsertCore
import UpsertTestSupport

@Suite struct KeyIndexTests {
    @Test func `behaves like a dictionary under random inserts, overwrites and removals`() {
        var generator = TestRandom.forTest()
        var index = KeyIndex()
        var model: [RecordKey: RecordPlace] = [:]
        // Keys crowd into two shards, so runs of neighbours, wrap-around and shifting back are all met.
        let keys = (0..<4_000).map { number in
            RecordKey(
                high: UInt64(number % 2) << 56 | UInt64.random(in: 0..<1 << 50, using: &generator),
                low: UInt64.random(in: 0...UInt64.max, using: &generator))
        }
        for step in 0..<60_000 {
            let key = keys.randomElement(using: &generator)!
            if Int.random(in: 0..<5, using: &generator) < (step / 10_000 % 2 == 0 ? 3 : 2) {
                let place = RecordPlace(
                    slot: UInt32.random(in: 0...UInt32.max - 1, using: &generator),
                    position: UInt16.random(in: 0...UInt16.max, using: &generator))
                index[key] = place
                model[key] = place
            } else {
                index[key] = nil
                model[key] = nil
            }
            if step % 997 == 0 { for key in keys { #expect(index[key] == model[key]) } }
        }
        #expect(index.count == model.count)
    }

    @Test func `takes at most 24 bytes a record in the mean at a million records`() {
        var generator = TestRandom.forTest()
        var index = KeyIndex()
        for number in 0..<1_000_000 {
            index[RecordKey(high: generator.next(), low: generator.next())] =
                RecordPlace(slot: UInt32(number / 1_000), position: UInt16(number % 1_000))
        }
        #expect(index.count == 1_000_000)
        #expect(index.memoryBytes <= 24_000_000)
    }

    @Test func `many keys at once are held as one after another, and known ones are told and left alone`() {
        var generator = TestRandom.forTest()
        var index = KeyIndex()
        var model: [RecordKey: RecordPlace] = [:]
        index.reserve(1_500)
        for round in 0..<20 {
            let keys = (0..<400).map { _ in
                RecordKey(high: UInt64.random(in: 0..<1_000, using: &generator) &* 0x9e37_79b9_7f4a_7c15, low: 7)
            }
            let places = keys.indices.map { RecordPlace(slot: UInt32(round), position: UInt16($0)) }
            var expected: [Int] = []
            for (position, key) in keys.enumerated() {
                if model[key] == nil { model[key] = places[position] } else { expected.append(position) }
            }
            #expect(index.insert(keys, places) == expected)
            #expect(index.count == model.count)
        }
        for (key, place) in model { #expect(index[key] == place) }
    }
}
