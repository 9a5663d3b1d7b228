import Testing
import UpsertTestSupport

@testable import UpsertSQLite

/// SQLite's memory for large values, which the queue keeps between uses: what comes out must be what went in.
@Suite struct LargeBlocksTests {
    /// Around the sizes from which a value gets a whole block, and from which it gets none.
    private static let sizes = [
        1, 196_000, 196_608, 196_609, 1_000_000, 2_080_000, 2_127_900, 2_128_000, 2_128_001, 2_136_192, 5_000_000,
    ]

    @Test func `values of every size come back as they were, from several connections at once`() async throws {
        #expect(LargeBlocks.areInstalled)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<4 {
                group.addTask {
                    var random = TestRandom(seed: UInt64(number))
                    let connection = try Connection(path: ":memory:", mode: .create)
                    try connection.execute("CREATE TABLE value (bytes BLOB NOT NULL)")
                    for size in Self.sizes.shuffled(using: &random) {
                        let byte = UInt8.random(in: 0...255, using: &random)
                        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 251) ^ byte }
                        let insert = try connection.statement("INSERT INTO value (bytes) VALUES (?)")
                        try insert.bind(1, bytes)
                        try insert.run()
                        // With another block given back in between, so that kept ones are used again.
                        if size % 2 == 0 { LargeBlocks.drain() }
                        let select = try connection.statement("SELECT bytes FROM value WHERE rowid = ?")
                        try select.bind(1, connection.lastInsertedRow)
                        #expect(try select.step())
                        let isSame = select.bytes(0) == bytes
                        #expect(isSame, "\(size) bytes")
                        select.reset()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a value that grows keeps what it has`() throws {
        let connection = try Connection(path: ":memory:", mode: .create)
        for count in [150, 200, 2_000, 2_200, 5_000] {
            // SQLite enlarges the text again and again as it adds to it: into a block, and out of it.
            let made = try connection.text(
                """
                WITH RECURSIVE line(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM line WHERE n < \(count))
                SELECT group_concat(printf('%01000d', n), '') FROM line
                """)
            let expected = (1...count).map { String(repeating: "0", count: 1_000 - "\($0)".count) + "\($0)" }.joined()
            let isSame = made == expected  // A failure need not show megabytes.
            #expect(isSame, "\(count) lines")
        }
    }
}
