import Glibc
import Testing

@testable import UpsertStorage

@Suite struct SpoolClaimTests {
    let fixture = SpoolFixture()

    @Test func aClaimMovesTheFileAndSyncsBothDirectories() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        mkdir(fixture.path + "/incoming/ns", 0o755)
        fixture.write("1", to: "incoming/a.ndjson")
        fixture.write("2", to: "incoming/ns/b.json")
        let scan = try fixture.settled(spool)
        fault.forgetCalls()
        let claimed = try spool.claim(scan.ready).claimed
        #expect(fixture.names("incoming") == ["ns"] && fixture.names("incoming/ns").isEmpty)
        #expect(Set(fixture.names("claimed")) == ["000000000001-a.ndjson", "000000000002=ns=b.json"])
        #expect(claimed.map(\.namespace) == [nil, "ns"])
        #expect(claimed.map(\.format) == [.lines, .body])
        #expect(claimed.map(\.displayName) == ["a.ndjson", "ns/b.json"])
        let syncs = fault.calls.filter { $0.hasPrefix("sync directory") }
        let places = ["claimed", "incoming", "incoming/ns"].map { "sync directory \(fixture.path)/\($0)" }
        #expect(syncs.first == places[0] && Set(syncs) == Set(places) && syncs.count == 3)
        #expect(fault.calls.last.map { $0.hasPrefix("sync directory") } == true)
    }

    @Test func aFileThatChangedOrWentSinceTheScanIsPassedOver() throws {
        let spool = try fixture.spool()
        for name in ["a", "b", "c", "d"] { fixture.write(name, to: "incoming/\(name).ndjson") }
        let ready = try fixture.settled(spool).ready
        fixture.append("more", to: "incoming/a.ndjson")
        unlink(fixture.path + "/incoming/b.ndjson")
        unlink(fixture.path + "/incoming/c.ndjson")
        symlink("/etc/passwd", fixture.path + "/incoming/c.ndjson")
        let outcome = try spool.claim(ready)
        #expect(outcome.claimed.map(\.name) == ["d.ndjson"])
        #expect(outcome.problems.isEmpty && outcome.failure == nil)
        #expect(fixture.names("incoming") == ["a.ndjson", "c.ndjson"])
    }

    @Test func anUnreadableFileStaysIsNamedAndReturnsWhenChanged() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        fixture.write("1", to: "incoming/a.ndjson")
        fixture.write("2", to: "incoming/b.ndjson")
        fault.arm(.access, containing: "a.ndjson", EACCES)
        let outcome = try spool.claim(try fixture.settled(spool).ready, now: fixture.moment(3))
        #expect(outcome.claimed.map(\.name) == ["b.ndjson"])
        #expect(outcome.problems.map(\.kind) == [.unreadable])
        #expect(outcome.problems.first?.command == "setfacl -m u:\(geteuid()):r -- \(fixture.path)/incoming/a.ndjson")
        let scan = try spool.scan(now: fixture.moment(4))
        #expect(scan.ready.isEmpty && scan.problems.map(\.kind) == [.unreadable])
        fault.disarm()
        chmod(fixture.path + "/incoming/a.ndjson", 0o600)
        #expect(try fixture.settled(spool).ready.map(\.name) == ["a.ndjson"])
    }

    @Test func aDirectoryThatKeepsItsFilesIsTriedAgainAfterAMinute() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        fixture.write("1", to: "incoming/a.ndjson")
        fault.arm(.rename, containing: "a.ndjson", EPERM)
        let outcome = try spool.claim(try fixture.settled(spool).ready, now: fixture.moment(3))
        #expect(outcome.problems.map(\.kind) == [.unremovable])
        #expect(fixture.names("incoming") == ["a.ndjson"] && fixture.names("claimed").isEmpty)
        fault.disarm()
        #expect(try spool.scan(now: fixture.moment(62)).problems.count == 1)
        #expect(try spool.scan(now: fixture.moment(64)).ready.count == 1)
    }

    @Test(arguments: [ENOSPC, EROFS, EIO]) func aFailingDiskStopsTheGroupButKeepsWhatWasClaimed(_ code: CInt) throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        for name in ["1", "2", "3"] { fixture.write(name, to: "incoming/\(name).ndjson") }
        fault.arm(.rename, containing: "2.ndjson", code)
        let outcome = try spool.claim(try fixture.settled(spool).ready)
        #expect(outcome.claimed.map(\.name) == ["1.ndjson"])
        #expect((outcome.failure as? FileError)?.code == code)
        #expect(fixture.names("incoming") == ["2.ndjson", "3.ndjson"])
        fault.disarm()
        #expect(try fixture.claimAll(spool).map(\.name) == ["2.ndjson", "3.ndjson"])
    }

    @Test func aFailedSyncIsThrownAndTheNextStartFindsEveryClaim() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        for name in ["1", "2"] { fixture.write(name, to: "incoming/\(name).ndjson") }
        let ready = try fixture.settled(spool).ready
        fault.arm(.syncDirectory, containing: "claimed", EIO)
        #expect(throws: FileError.self) { try spool.claim(ready) }
        let next = try fixture.spool()
        #expect(try next.recover().claims.map(\.name) == ["1.ndjson", "2.ndjson"])
    }

    @Test func withoutASequenceNumberNothingIsClaimed() throws {
        struct NoNumber: Error {}
        let spool = try Spool(Spool.Options(directory: fixture.path)) { throw NoNumber() }
        fixture.write("1", to: "incoming/a.ndjson")
        let outcome = try spool.claim(try fixture.settled(spool).ready)
        #expect(outcome.failure is NoNumber && outcome.claimed.isEmpty)
        #expect(fixture.names("incoming") == ["a.ndjson"])
    }

    @Test func recoveryListsClaimsBySequenceAndNamesStrangers() throws {
        let spool = try fixture.spool()
        for name in [
            "000000000010-b.ndjson", "000000000009=a%2Fb=a.json", "1000000000000-c.jsonl", "mine.ndjson",
            "000000000011-x.txt",
        ] {
            fixture.write("", to: "claimed/" + name)
        }
        mkdir(fixture.path + "/claimed/000000000012-d.json", 0o755)
        let (claims, problems) = try spool.recover()
        #expect(claims.map(\.sequence) == [9, 10, 1_000_000_000_000])
        #expect(claims.first?.namespace == "a/b")
        #expect(problems.map(\.kind) == [.foreignClaim, .foreignClaim, .foreignClaim])
    }

    @Test func aFinishedClaimIsRemovedAndASecondFinishFindsItAbsent() throws {
        let spool = try fixture.spool()
        fixture.write("12345", to: "incoming/a.ndjson")
        let claim = try #require(try fixture.claimAll(spool).first)
        #expect(try spool.finish(claim, consumed: 4) == .grew(5))
        #expect(try spool.finish(claim, consumed: 6) == .shrank(5))
        #expect(fixture.names("claimed").count == 1)
        #expect(try spool.finish(claim, consumed: 5) == .finished)
        #expect(try spool.finish(claim, consumed: 5) == .absent)
        try spool.syncClaimed()
        #expect(fixture.names("claimed").isEmpty)
    }

    @Test func doneAndRejectedKeepEveryFileOfTheSameName() throws {
        let spool = try fixture.spool { $0.keepsDone = true }
        mkdir(fixture.path + "/incoming/n s", 0o755)
        for round in 0..<3 {
            fixture.write("\(round)", to: "incoming/n s/a.ndjson")
            let claim = try #require(try fixture.claimAll(spool).first)
            #expect(try spool.finish(claim, consumed: 1, as: round < 2 ? .remove : .reject) == .finished)
            try spool.syncClaimed()
        }
        #expect(fixture.names("done/n%20s") == ["000000000002-a.ndjson", "a.ndjson"])
        #expect(fixture.read("done/n%20s/000000000002-a.ndjson") == "1")
        #expect(fixture.read("rejected/n%20s/a.ndjson") == "2")
    }

    @Test func aGroupOfEndingsIsSyncedOnce() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults) { $0.keepsDone = true }
        for name in 0..<20 { fixture.write("x", to: "incoming/\(name).ndjson") }
        let claims = try fixture.claimAll(spool)
        fault.forgetCalls()
        for claim in claims { _ = try spool.finish(claim, consumed: 1) }
        try spool.syncClaimed()
        let syncs = fault.calls.filter { $0.hasPrefix("sync") }
        #expect(syncs == ["done", "claimed"].map { "sync directory \(fixture.path)/\($0)" })
    }

    @Test func aFullDiskDoesNotKeepTheSpoolFromOpening() throws {
        let fault = FaultSwitch()
        fault.arm(.create, ENOSPC)
        _ = try fixture.spool(faults: fault.faults)
    }

    @Test func aRenameAcrossMountsIsFoundAtTheStart() throws {
        let fault = FaultSwitch()
        fault.arm(.rename, EXDEV)
        let problem = #expect(throws: SpoolProblem.self) { try fixture.spool(faults: fault.faults) }
        #expect(problem?.kind == .otherFileSystem)
    }

    @Test func theProbeLeavesNothingBehind() throws {
        _ = try fixture.spool()
        for directory in ["incoming", "claimed"] {
            var names: [PathBytes] = []
            try Directory(PathBytes(fixture.path + "/" + directory)).forEachName { name, _ in names.append(name) }
            #expect(names.isEmpty)
        }
    }

    @Test func renameNeverReplaces() throws {
        fixture.write("old", to: "a")
        fixture.write("new", to: "b")
        let directory = try Directory(PathBytes(fixture.path))
        let error = #expect(throws: FileError.self) { try directory.rename("b", to: directory, as: "a") }
        #expect(error?.isPresent == true)
        #expect(fixture.read("a") == "old")
        #expect(error?.description == "rename \(fixture.path)/b: File exists (errno 17)")
    }
}
