import Crypto
import Glibc
import Testing
import UpsertStorage
import UpsertTestSupport

@Suite struct MigrationTests {
    /// SHA-256 of every released migration. A released migration is never edited: add a new one.
    private static let released = [
        "v0001_queue": "39f7290de6f82502cf9cd5d48b6b32a264b30870cd5ddba22b0eb83ee94f4faf",
        "v0002_checksums_and_targets": "c68c4fa443f019bfbe8a95f64faa7bdd80c8760c0cda5c9f7a9a65243e9a9143",
        "v0003_submissions_of_a_chunk": "593cf8bcf00e9073e2e9e246635dda44a812579dcf8663527e8752cedcb1c0e6",
        "v0004_packed_records": "ba5c24654d6bcbeabaeb859b8c5bb886f6eac690468fc0454176111f1ed4f16f",
    ]

    @Test func `released migrations are unchanged`() {
        for migration in QueueFile.migrations {
            let digest = SHA256.hash(data: migration.sql).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(digest == Self.released[migration.name], "\(migration.name)")
        }
        #expect(Set(Self.released.keys) == Set(QueueFile.migrations.map(\.name)))
    }

    @Test func `every file in migrations is applied`() throws {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        var names: [String] = []
        let directory = try #require(opendir("/" + root + "/migrations"))
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".sql") { names.append(String(name.dropLast(4))) }
        }
        closedir(directory)
        #expect(names.sorted() == QueueFile.migrations.map(\.name))
    }
}
