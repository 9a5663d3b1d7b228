import Testing

@testable import UpsertCore

@Suite struct PayloadPoolTests {
    private static func address(_ payload: [UInt8]) -> UInt {
        payload.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }

    @Test func `memory that was given back is taken again, empty`() {
        let pool = PayloadPool()
        var payload = pool.take()
        payload.append(contentsOf: [1, 2, 3])
        let address = Self.address(payload)
        pool.giveBack(payload)
        payload = []
        var again = pool.take()
        #expect(again.isEmpty && again.capacity >= PayloadPool.payloadBytes)
        again.append(7)
        #expect(Self.address(again) == address)
    }

    @Test func `bytes that somebody still holds are never written over`() {
        let pool = PayloadPool()
        var payload = pool.take()
        payload.append(contentsOf: [1, 2, 3])
        let held = payload[1...]
        pool.giveBack(payload)
        payload = []
        var again = pool.take()
        again.append(contentsOf: [9, 9, 9])
        #expect(held.elementsEqual([2, 3]))
    }

    @Test func `a payload that fills little of its memory is moved to its own, a large one stays`() {
        let pool = PayloadPool()
        var small = pool.take()
        small.append(contentsOf: [5, 6])
        let fitted = pool.fitted(small)
        #expect(fitted == [5, 6] && fitted.capacity < 1_000)
        var large = pool.take()
        large.append(contentsOf: repeatElement(1, count: PayloadPool.floatsBytes + 1))
        #expect(Self.address(pool.fitted(large)) == Self.address(large))
    }

    @Test func `floats whose text fills a request move to pooled memory of a third of that size`() {
        let pool = PayloadPool()
        var floats = pool.take()
        floats.append(contentsOf: repeatElement(1, count: PayloadPool.floatsBytes))
        let fitted = pool.fitted(floats)
        #expect(fitted.count == PayloadPool.floatsBytes && fitted.capacity < PayloadPool.payloadBytes / 2)
        pool.giveBack(fitted)
        var again = pool.take(PayloadPool.floatsBytes)
        #expect(again.isEmpty && again.capacity < PayloadPool.payloadBytes)
        again.append(1)
        #expect(pool.take().capacity >= PayloadPool.payloadBytes)
    }
}
