import Glibc
import Testing
import UpsertCore
import UpsertSQLite

@testable import UpsertStorage

@Suite struct OutboxSchemaTests {
    let fixture = OutboxFixture()

    @Test func theTableIsTheDocumentedOne() throws {
        try OutboxSchema.create(fixture.path)
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('{}')")
        let row = """
            SELECT seq || '|' || length(uid) || '|' || typeof(uid) || '|' || namespace || '|' || op || '|' || ifnull(id, '-')
                || '|' || record || '|' || (abs(created / 1000 - strftime('%s', 'now')) <= 5)
            FROM upsertd_outbox
            """
        #expect(try fixture.value(row) == "1|16|blob||upsert|-|{}|1")
        #expect(
            try fixture.value(
                "SELECT count(*) || '|' || typeof(identity) || '|' || length(identity) FROM upsertd_outbox_identity")
                == "1|blob|16")
    }

    @Test func makingItAgainChangesNothing() throws {
        let identity = try OutboxSchema.create(fixture.path)
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('{}')")
        #expect(try OutboxSchema.create(fixture.path) == identity)
        #expect(try fixture.value("SELECT count(*) FROM upsertd_outbox") == "1")
        #expect(identity.count == 16)
        let other = OutboxFixture()
        #expect(try OutboxSchema.create(other.path) != identity)
    }

    @Test(arguments: ["delete", "wal", "truncate", "persist"]) func theJournalModeStays(_ mode: String) throws {
        fixture.sqlite("PRAGMA journal_mode = \(mode); CREATE TABLE app(x); INSERT INTO app VALUES (1)")
        try OutboxSchema.create(fixture.path)
        _ = try fixture.source().read(limit: 1, bytes: 1)
        // Only WAL is stored in the file: bytes 18 and 19 of its header are 2.
        #expect(try fixture.value("PRAGMA journal_mode") == (mode == "wal" ? "wal" : "delete"))
        #expect(try fixture.value("SELECT x FROM app") == "1")
    }

    @Test func whatIsNoDatabaseIsRefused() throws {
        fixture.write(String(repeating: "this is a text file, not a database. ", count: 50))
        let error = #expect(throws: OutboxError.self) { try OutboxSchema.create(fixture.path) }
        #expect(error?.code == .notADatabase)
        #expect(#expect(throws: OutboxError.self) { try fixture.source() }?.code == .notADatabase)
    }

    @Test func aPlaceThatCannotBeWrittenIsRefused() throws {
        let error = #expect(throws: OutboxError.self) { try OutboxSchema.create("/proc/no/app.db") }
        #expect(error?.code == .notWritable)
        #expect(error?.description.contains("setfacl") == true)
        #expect(OutboxError(SQLiteError(code: 1544, message: "m", operation: "o"), "p").code == .notWritable)
    }

    @Test func anotherTableOfThatNameIsRefused() throws {
        fixture.sqlite("CREATE TABLE upsertd_outbox(seq INTEGER PRIMARY KEY, payload)")
        let error = #expect(throws: OutboxError.self) { try OutboxSchema.create(fixture.path) }
        #expect(error?.reason.contains("no column uid, namespace, op, id, record") == true)
    }

    @Test func aMissingFileOrTableNamesTheCommand() throws {
        let missing = #expect(throws: OutboxError.self) { try fixture.source() }
        #expect(missing?.code == .missing)
        #expect(missing?.description.hasSuffix("; make it with: upsertctl outbox init \(fixture.path)") == true)
        fixture.sqlite("CREATE TABLE app(x)")
        let bare = #expect(throws: OutboxError.self) { try fixture.source() }
        #expect(bare?.code == .notAnOutbox)
        #expect(bare?.description.contains("upsertctl outbox init") == true)
    }
}

@Suite struct OutboxSourceTests {
    let fixture = OutboxFixture()

    init() throws { try OutboxSchema.create(fixture.path) }

    @Test func theConnectionIsDurableAndNeverCheckpoints() throws {
        fixture.sqlite("PRAGMA journal_mode = wal")
        let source = try fixture.source()
        // EXTRA: a rollback journal that is gone stays gone after a power cut.
        #expect(try source.connection.integer("PRAGMA synchronous") == 3)
        #expect(try source.connection.integer("PRAGMA wal_autocheckpoint") == 0)
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('{}')")
        #expect(try source.delete(try source.read(limit: 10, bytes: 10).run) == 1)
        _ = consume source
        // Closing the last connection would have removed the log.
        #expect(access(fixture.path + "-wal", F_OK) == 0)
    }

    @Test func deletingDoesNotWriteAllThatIsDeleted() throws {
        fixture.sqlite("PRAGMA journal_mode = wal")
        fixture.sqlite(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
            INSERT INTO upsertd_outbox(record) SELECT hex(zeroblob(8500)) FROM n; PRAGMA wal_checkpoint(TRUNCATE)
            """)
        let source = try fixture.source()
        // FAST: where SQLite is built to overwrite what is deleted, as Debian's, it would write 3.4 MB of zeros here.
        #expect(try source.connection.integer("PRAGMA secure_delete") == 2)
        let rows = try source.read(limit: 1_000, bytes: 10_000_000)
        #expect(rows.rows.count == 200 && rows.recordBytes == 3_400_000)
        #expect(try source.delete(rows.run) == 200)
        let log = size(fixture.path + "-wal")
        #expect(log > 0 && log < 400_000, "the log has \(log) bytes")
    }

    @Test func memoryIsUsedAgainButNeverWhatSomebodyHolds() throws {
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('first'), ('second')")
        let source = try fixture.source()
        let held = try source.read(limit: 1, bytes: 1_000)
        source.reuse(held)
        let next = try source.read(after: 1, limit: 1, bytes: 1_000)
        #expect(held.texts == ["first"] && next.texts == ["second"])
        source.reuse(next)
        source.rest()
        #expect(try source.read(limit: 9, bytes: 1_000).texts == ["first", "second"])
    }

    @Test func rowsComeBySeqWithEverythingInThem() throws {
        fixture.sqlite(
            """
            INSERT INTO upsertd_outbox(seq, uid, namespace, op, id, record) VALUES
                (9, x'01', 'ns', 'update', 'nine', '{"a":"ä"}'), (-5, 'text', '', 'delete', 5, NULL),
                (7, x'', 'x', 'upsert', NULL, x'7b7d')
            """)
        let rows = try fixture.source().read(limit: 10, bytes: 1_000)
        #expect(
            rows.rows.map(\.key) == [
                OutboxKey(seq: -5, uid: Array("text".utf8)), OutboxKey(seq: 7, uid: []), OutboxKey(seq: 9, uid: [1]),
            ])
        #expect(rows.texts == [nil, "{}", "{\"a\":\"ä\"}"])
        #expect(rows.rows.map(\.id) == [Array("5".utf8), nil, Array("nine".utf8)])
        #expect(rows.rows.map { String(decoding: $0.operation, as: UTF8.self) } == ["delete", "upsert", "update"])
        #expect(!rows.hasMore && rows.identity.count == 16)
    }

    @Test func readingStopsAtRowsAndAtBytesAndGoesOnAfterASeq() throws {
        for _ in 0..<5 { fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('0123456789')") }
        let source = try fixture.source()
        let two = try source.read(limit: 2, bytes: 1_000)
        #expect(two.rows.map(\.key.seq) == [1, 2] && two.hasMore)
        #expect(try source.read(limit: 9, bytes: 1).rows.count == 1)
        #expect(try source.read(limit: 9, bytes: 10).rows.count == 1)
        #expect(try source.read(limit: 9, bytes: 11).rows.count == 2)
        let rest = try source.read(after: 2, limit: 3, bytes: 1_000)
        #expect(rest.rows.map(\.key.seq) == [3, 4, 5] && !rest.hasMore)
        #expect(try source.read(after: .max, limit: 3, bytes: 1_000).rows.isEmpty)
    }

    @Test func everyRecordHasReadablePadding() throws {
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('a'), (''), (NULL), ('bb')")
        let rows = try fixture.source().read(limit: 10, bytes: 1_000)
        for row in rows.rows where row.record != nil {
            rows.withRecord(of: row) { bytes in
                for offset in 0..<OutboxRows.padding {
                    _ = bytes.baseAddress!.load(fromByteOffset: bytes.count + offset, as: UInt8.self)
                }
            }
        }
        #expect(rows.texts == ["a", "", nil, "bb"])
        #expect(rows.recordBytes == 3)
    }

    @Test func changesByOthersAreNoticedAndOwnOnesAreNot() throws {
        let source = try fixture.source()
        #expect(try source.changed())
        #expect(try !source.changed())
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('{}')")
        #expect(try source.changed())
        #expect(try !source.changed())
        try source.delete(try source.read(limit: 1, bytes: 1).run)
        #expect(try !source.changed())
    }

    @Test func aCommitBetweenNoticingAndReadingIsNoticedAgain() throws {
        let source = try fixture.source()
        _ = try source.changed()
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('1')")
        #expect(try source.changed())
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('2')")
        #expect(try source.read(limit: 9, bytes: 99).rows.count == 2)
        #expect(try source.changed())
    }

    @Test func nothingIsHeldBetweenCalls() throws {
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('1'), ('2'), ('3')")
        let source = try fixture.source()
        _ = try source.read(limit: 2, bytes: 99)
        // In rollback mode any lock that was kept would stop this writer.
        let other = try Connection(path: fixture.path, mode: .readWrite)
        try other.execute("BEGIN EXCLUSIVE; INSERT INTO upsertd_outbox(record) VALUES ('4'); COMMIT")
        #expect(try source.read(limit: 9, bytes: 99).rows.count == 4)
    }

    @Test func aLockedDatabaseIsSaidToBeLocked() throws {
        let source = try fixture.source()
        let other = try Connection(path: fixture.path, mode: .readWrite)
        try other.execute("BEGIN EXCLUSIVE")
        let error = #expect(throws: OutboxError.self) { try source.read(limit: 1, bytes: 1) }
        #expect(error?.code == .locked)
        try other.execute("ROLLBACK")
        #expect(try source.read(limit: 1, bytes: 1).rows.isEmpty)
    }

    @Test func aReplacedFileIsNoticed() throws {
        let source = try fixture.source()
        _ = try source.changed()
        try fixture.replace()
        #expect(#expect(throws: OutboxError.self) { try source.changed() }?.code == .replaced)
    }

    @Test func deletingIsBoundedRepeatableAndByUid() throws {
        fixture.sqlite(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
            INSERT INTO upsertd_outbox(record) SELECT '{}' FROM n
            """)
        let source = try fixture.source()
        let run = try source.read(limit: 5_000, bytes: 100_000).run
        #expect(run.keys.count == 2_500)
        #expect(try source.delete(OutboxRun(identity: [1], keys: run.keys)) == 0)
        // A row that took the seq of a lost one is another row.
        fixture.sqlite("UPDATE upsertd_outbox SET uid = randomblob(16) WHERE seq = 1200")
        #expect(try source.delete(run) == 2_499)
        #expect(try source.delete(run) == 0)
        #expect(try source.read(limit: 10, bytes: 10).rows.map(\.key.seq) == [1_200])
    }

    @Test func aTextUidIsDeletedToo() throws {
        fixture.sqlite("INSERT INTO upsertd_outbox(uid, record) VALUES ('mine', '{}'), (17, '{}')")
        let source = try fixture.source()
        #expect(try source.delete(try source.read(limit: 9, bytes: 9).run) == 2)
    }

    @Test func onlyTheLastRunMakesADuplicate() throws {
        fixture.sqlite("INSERT INTO upsertd_outbox(record) VALUES ('1'), ('2'), ('3')")
        let source = try fixture.source()
        let run = try source.read(limit: 2, bytes: 99).run
        let stored = try #require(OutboxRun(identity: run.identity, encodedKeys: run.encodedKeys))
        #expect(stored == run)
        // Crash after the queue's commit, before the deletion: a power cut also made the application use seq 2 again.
        fixture.sqlite(
            "DELETE FROM upsertd_outbox WHERE seq = 2; INSERT INTO upsertd_outbox(seq, record) VALUES (2, 'new')")
        #expect(try fixture.source().delete(stored) == 1)
        #expect(try source.read(limit: 9, bytes: 99).texts == ["new", "3"])
    }

    @Test func storedRunsAreReadBackOrRefused() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = TestGenerator(state: seed)
        for _ in 0..<200 {
            let keys = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                OutboxKey(
                    seq: Int64.random(in: .min ... .max, using: &generator),
                    uid: (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                        .random(in: 0...255, using: &generator)
                    })
            }
            let run = OutboxRun(identity: [7], keys: keys)
            #expect(OutboxRun(identity: [7], encodedKeys: run.encodedKeys) == run)
            if !keys.isEmpty {
                #expect(OutboxRun(identity: [7], encodedKeys: Array(run.encodedKeys.dropLast())) == nil)
            }
        }
    }

    @Test func aDatabaseInUTF16ReadsTheSame() throws {
        let other = OutboxFixture()
        other.sqlite("PRAGMA encoding = 'UTF-16le'; CREATE TABLE app(x)")
        try OutboxSchema.create(other.path)
        other.sqlite(
            "INSERT INTO upsertd_outbox(namespace, id, record) VALUES ('ns', 'ä', '{\"x\":\"中\"}'), ('', NULL, x'7b7d')"
        )
        let source = try other.source()
        let rows = try source.read(limit: 9, bytes: 99)
        #expect(rows.texts == ["{\"x\":\"中\"}", "{}"])
        #expect(rows.rows.first?.id == Array("ä".utf8))
        #expect(try rows.rows.first?.request().namespace == "ns")
        #expect(try source.delete(rows.run) == 2)
    }

    @Test func theBacklogIsSaidFromItsEnds() throws {
        let source = try fixture.source()
        #expect(try source.backlog().rowsMax == 0)
        fixture.sqlite("INSERT INTO upsertd_outbox(seq, record, created) VALUES (5, '{}', 1234), (9, '{}', 5678)")
        let backlog = try source.backlog()
        #expect(backlog.rowsMax == 5 && backlog.oldest == 1_234)
    }

    @Test func producersAndADrainThatCrashesLoseAndRepeatNothing() throws {
        fixture.sqlite("PRAGMA journal_mode = wal")
        var source = try fixture.source()
        var taken: [String?] = []
        var last: OutboxRun?
        func drain(limit: Int, losingTheDeletion: Bool) throws -> Int {
            if let last { try source.delete(last) }
            let rows = try source.read(limit: limit, bytes: 999)
            taken += rows.texts
            last = rows.run
            if losingTheDeletion { source = try fixture.source() } else { try source.delete(rows.run) }
            return rows.rows.count
        }
        for round in 0..<20 {
            for producer in ["a", "b"] {
                fixture.sqlite(
                    "INSERT INTO upsertd_outbox(record) VALUES ('\(producer)\(round)'), ('\(producer)\(round)+')")
            }
            _ = try drain(limit: 3, losingTheDeletion: round % 3 == 0)
        }
        while try drain(limit: 7, losingTheDeletion: false) > 0 {}
        #expect(taken == (0..<20).flatMap { round in ["a", "b"].flatMap { ["\($0)\(round)", "\($0)\(round)+"] } })
    }
}

@Suite struct OutboxRowTests {
    func row(
        namespace: String = "", op: String = "upsert", id: String? = nil, record: Range<Int>? = 0..<2,
        recordBytes: Int = 2
    ) -> OutboxRow {
        OutboxRow(
            key: OutboxKey(seq: 1, uid: [1]), namespace: Array(namespace.utf8), operation: Array(op.utf8),
            id: id.map { Array($0.utf8) }, record: record, recordBytes: recordBytes)
    }

    func refusal(_ row: OutboxRow) -> String? {
        do {
            _ = try row.request()
            return nil
        } catch {
            return "\(error.code.rawValue) \(error.pointer) \(error.id ?? "-")"
        }
    }

    @Test func columnsBecomeWhatTheReaderTakes() throws {
        #expect(try row().request() == OutboxRequest(namespace: nil, content: .record(RecordColumns())))
        #expect(try row(namespace: "__default__").request().namespace == "")
        #expect(
            try row(namespace: "ns", op: "update", id: "a").request()
                == OutboxRequest(
                    namespace: "ns", content: .record(RecordColumns(operation: .update, id: Array("a".utf8)))))
        #expect(
            try row(op: "delete", id: "a", record: nil).request()
                == OutboxRequest(namespace: nil, content: .deletion(id: Array("a".utf8))))
        #expect(
            try row(op: "delete", id: "a").request().content
                == .record(RecordColumns(operation: .delete, id: Array("a".utf8))))
    }

    @Test func badColumnsAreRefusedWithTheColumnsName() {
        #expect(refusal(row(op: "UPSERT", id: "a")) == "unsupported_operation /op a")
        #expect(refusal(row(op: "")) == "unsupported_operation /op -")
        #expect(refusal(row(namespace: "é", id: "a")) == "namespace_invalid /namespace a")
        #expect(refusal(row(namespace: String(repeating: "n", count: 512))) == nil)
        #expect(refusal(row(namespace: String(repeating: "n", count: 513))) == "namespace_invalid /namespace -")
        #expect(refusal(row(record: nil)) == "missing_field /record -")
        #expect(refusal(row(op: "update", id: "a", record: nil)) == "missing_field /record a")
        #expect(refusal(row(op: "delete", record: nil)) == "missing_field /id -")
        #expect(refusal(row(id: "a", recordBytes: 3)) == "too_long /record a")
    }
}

/// Bytes of a file; 0 where there is none.
private func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
}
