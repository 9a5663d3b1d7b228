import NIOCore
import Testing
import UpsertTestSupport

@testable import UpsertTransport

@Suite struct RequestBodyTests {
    @Test func `pieces of any size are the parts in order`() {
        var generator = TestRandom.forTest()
        for _ in 0..<500 {
            let parts = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                }
            }
            // Slices that do not begin at 0, as those of a payload do not.
            var body = RequestBody(parts.map { ([9, 9] + $0 + [9])[2..<2 + $0.count] })
            let all = parts.flatMap { $0 }
            #expect(body.count == all.count)
            #expect(Array(body.whole(allocator: ByteBufferAllocator()).readableBytesView) == all)
            var sent: [UInt8] = []
            while !body.isEmpty {
                let most = Int.random(in: 1...7, using: &generator)
                let piece = body.next(atMost: most, allocator: ByteBufferAllocator())
                #expect(piece.readableBytes == min(most, all.count - sent.count))
                sent += Array(piece.readableBytesView)
            }
            #expect(sent == all)
        }
    }
}
