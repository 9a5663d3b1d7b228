import Glibc
import Synchronization
import Testing

@testable import UpsertStorage

@Suite struct SpoolScanTests {
    let fixture = SpoolFixture()

    func names(_ scan: SpoolScan) -> [String] { scan.ready.map(\.place.text) }

    @Test func aFileIsReadyOnceTwoScansSawItUnchanged() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/a.ndjson")
        let first = try spool.scan(now: fixture.moment(3))
        #expect(first.ready.isEmpty && first.waitingCount == 1)
        #expect(first.lookAgainAfter == .seconds(2))
        #expect(try spool.scan(now: fixture.moment(4.9)).ready.isEmpty)
        #expect(names(try spool.scan(now: fixture.moment(5.1))) == ["a.ndjson"])
    }

    @Test func aReadyFileStaysReadyUntilItIsClaimed() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/a.ndjson")
        for seconds in [3.0, 5.1, 5.2, 8] {
            #expect(try spool.scan(now: fixture.moment(seconds)).ready.count == (seconds > 5 ? 1 : 0))
        }
    }

    @Test func everyNameIsAStepOfScanClaimAndRecovery() throws {
        let steps = Atomic(0)
        let spool = try fixture.spool { $0.step = { steps.add(1, ordering: .relaxed) } }
        for number in 0..<100 { fixture.write("{}\n", to: "incoming/\(number).ndjson") }
        let ready = try spool.scan(now: fixture.moment(61)).ready
        #expect(ready.count == 100 && steps.exchange(0, ordering: .relaxed) >= 100)
        #expect(try spool.claim(ready, now: fixture.moment(61)).claimed.count == 100)
        #expect(steps.exchange(0, ordering: .relaxed) >= 100)
        #expect(try spool.recover().claims.count == 100)
        #expect(steps.load(ordering: .relaxed) >= 100)
    }

    @Test func aFileThatChangesSettlesAnew() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/a.ndjson")
        _ = try spool.scan(now: fixture.moment(3))
        fixture.append("{}\n", to: "incoming/a.ndjson")
        #expect(try spool.scan(now: fixture.moment(5.5)).ready.isEmpty)
        #expect(try spool.scan(now: fixture.moment(7)).ready.isEmpty)
        #expect(names(try spool.scan(now: fixture.moment(7.6))) == ["a.ndjson"])
    }

    @Test func aFileOlderThanThirtySettleTimesNeedsNoSecondScan() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/a.ndjson")
        #expect(try spool.scan(now: fixture.moment(59)).ready.isEmpty)
        let fresh = try fixture.spool()
        #expect(names(try fresh.scan(now: fixture.moment(61))) == ["a.ndjson"])
    }

    @Test func aFileFromTheFutureIsReadyOnceUnchangedForLong() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/a.ndjson")
        let start = SpoolMoment(wallNanoseconds: 0, steadyNanoseconds: 0)
        #expect(try spool.scan(now: start).waitingCount == 1)
        let minute = SpoolMoment(wallNanoseconds: 60_000_000_000, steadyNanoseconds: 60_000_000_000)
        #expect(names(try spool.scan(now: minute)) == ["a.ndjson"])
    }

    @Test func aConfirmedFileIsReadyAtOnceUnlessItChanges() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/a.ndjson")
        fixture.write("{}\n", to: "incoming/b.ndjson")
        var events = DoorbellEvents()
        events.files = ["a.ndjson", "b.ndjson"].map { .init(place: $0, change: .completed) }
        spool.note(events)
        fixture.append("{}\n", to: "incoming/b.ndjson")
        let scan = try spool.scan(now: fixture.moment(0))
        #expect(names(scan) == ["a.ndjson"])
        #expect(scan.waitingCount == 1)
    }

    @Test func aFileStillOpenForWritingWaitsAndHoldsNobodyBack() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/slow.ndjson")
        fixture.write("{}\n", to: "incoming/quick.ndjson")
        var events = DoorbellEvents()
        events.files = [
            .init(place: "slow.ndjson", change: .created), .init(place: "quick.ndjson", change: .created),
            .init(place: "quick.ndjson", change: .completed),
        ]
        spool.note(events)
        #expect(names(try spool.scan(now: fixture.moment(0))) == ["quick.ndjson"])
        #expect(names(try spool.scan(now: fixture.moment(59))) == ["quick.ndjson"])
        events.files = [.init(place: "slow.ndjson", change: .completed)]
        spool.note(events)
        #expect(Set(names(try spool.scan(now: fixture.moment(0)))) == ["slow.ndjson", "quick.ndjson"])
    }

    @Test func aWriterThatNeverClosesIsWaitedForOneMinute() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/slow.ndjson")
        var events = DoorbellEvents()
        events.files = [.init(place: "slow.ndjson", change: .created)]
        spool.note(events)
        #expect(try spool.scan(now: fixture.moment(3)).lookAgainAfter ?? .zero > .seconds(50))
        #expect(try spool.scan(now: fixture.moment(59)).waitingCount == 1)
        #expect(names(try spool.scan(now: fixture.moment(61))) == ["slow.ndjson"])
    }

    @Test func lostEventsReturnEverythingToSettling() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/slow.ndjson")
        var events = DoorbellEvents()
        events.files = [.init(place: "slow.ndjson", change: .created)]
        spool.note(events)
        #expect(try fixture.settled(spool).ready.isEmpty)
        var lost = DoorbellEvents()
        lost.lostSome = true
        spool.note(lost)
        #expect(names(try spool.scan(now: fixture.moment(3))) == ["slow.ndjson"])
    }

    @Test func aFileThatMayBeCompleteHoldsBackLaterOnes() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "incoming/1-found.ndjson")
        fixture.write("{}\n", to: "incoming/2-told.ndjson")
        var events = DoorbellEvents()
        events.files = [.init(place: "2-told.ndjson", change: .completed)]
        spool.note(events)
        let scan = try spool.scan(now: fixture.moment(0))
        #expect(scan.ready.isEmpty)
        #expect(scan.waitingCount == 2)
        #expect(names(try fixture.settled(spool)) == ["1-found.ndjson", "2-told.ndjson"])
    }

    @Test func hiddenAndUnfinishedNamesAreIgnored() throws {
        let spool = try fixture.spool()
        for name in [".a.ndjson", "b.ndjson.tmp", "c.part", "d.tmp"] { fixture.write("{}\n", to: "incoming/" + name) }
        mkdir(fixture.path + "/incoming/.hidden", 0o755)
        let scan = try fixture.settled(spool)
        #expect(scan.isEmpty && scan.problemCount == 0 && scan.directories.isEmpty)
    }

    @Test func namespaceDirectoriesAreReadOneLevelDeep() throws {
        let spool = try fixture.spool()
        for name in ["plain", "a%2Fb", "%C3%A9", "bad%2", "__default__"] {
            mkdir(fixture.path + "/incoming/" + name, 0o755)
            fixture.write("{}\n", to: "incoming/\(name)/x.json")
        }
        mkdir(fixture.path + "/incoming/plain/deeper", 0o755)
        let scan = try fixture.settled(spool)
        let found = Dictionary(uniqueKeysWithValues: scan.ready.map { ($0.place.text, $0.namespace) })
        #expect(found == ["plain/x.json": "plain", "a%2Fb/x.json": "a/b", "__default__/x.json": ""])
        #expect(
            scan.problems.map(\.kind.rawValue).sorted() == [
                "namespace_invalid", "namespace_invalid", "nested_too_deep",
            ])
        #expect(scan.directories.count == 5)
    }

    @Test func whatCannotBeTrustedIsLeftAloneAndNamed() throws {
        let spool = try fixture.spool { $0.fileBytesMax = 10 }
        symlink("/etc/passwd", fixture.path + "/incoming/link.ndjson")
        mkfifo(fixture.path + "/incoming/pipe.ndjson", 0o644)
        fixture.write("{}", to: "elsewhere.ndjson")
        link(fixture.path + "/elsewhere.ndjson", fixture.path + "/incoming/hard.ndjson")
        fixture.write("{}", to: "incoming/notes.txt")
        fixture.write("12345678901", to: "incoming/big.ndjson")
        fixture.write("1234567890", to: "incoming/fits.ndjson")
        symlink(fixture.path, fixture.path + "/incoming/dir")
        let young = try spool.scan(now: fixture.moment(0))
        #expect(young.problems.isEmpty && young.waitingCount == 7)
        let scan = try fixture.settled(spool)
        #expect(names(scan) == ["fits.ndjson"])
        let kinds = scan.problems.map { "\($0.path.lastComponent) \($0.kind.rawValue)" }.sorted()
        #expect(
            kinds == [
                "big.ndjson too_large", "dir symbolic_link", "hard.ndjson hard_linked", "link.ndjson symbolic_link",
                "notes.txt wrong_extension", "pipe.ndjson not_a_file",
            ])
        #expect(scan.problems.allSatisfy { !$0.command.isEmpty && $0.description.contains(fixture.path) })
    }

    @Test(arguments: ["link.ndjson", "hard.ndjson", "notes", "it's odd.txt", "new\nline.txt"])
    func theCommandGivenMendsTheProblem(_ name: String) throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "target.ndjson")
        let path = fixture.path + "/incoming/" + name
        switch name {
        case "link.ndjson": symlink(fixture.path + "/target.ndjson", path)
        case "hard.ndjson": link(fixture.path + "/target.ndjson", path)
        default: fixture.write("{}\n", to: "incoming/" + name)
        }
        let problem = try #require(try fixture.settled(spool).problems.first)
        #expect(fixture.run("bash", "-c", problem.command) == 0)
        let mended = try fixture.settled(spool)
        #expect(mended.problems.isEmpty)
        #expect(mended.ready.count == 1)
    }

    @Test func problemsAreCountedButNotAllKept() throws {
        let spool = try fixture.spool()
        for number in 0..<150 { fixture.write("", to: "incoming/\(number).txt") }
        let scan = try fixture.settled(spool)
        #expect(scan.problemCount == 150)
        #expect(scan.problems.count == SpoolScan.problemsMax)
    }

    @Test func tenThousandSmallFilesComeInOrderAndInBoundedPortions() throws {
        let spool = try fixture.spool { $0.candidatesMax = 3_000 }
        // Written in another order than their names, so that neither listing nor name order gives the answer by itself.
        for number in 0..<10_000 {
            let name = (number &* 7_919) % 10_000
            fixture.write("{}\n", to: "incoming/f-\(name).ndjson")
        }
        var claimed: [ClaimedFile] = []
        var rounds = 0
        while claimed.count < 10_000 {
            let scan = try spool.scan(now: fixture.moment(100))
            #expect(scan.ready.count <= 3_000)
            #expect(scan.hasMore == (claimed.count < 7_000))
            claimed += try spool.claim(scan.ready).claimed
            rounds += 1
            try #require(rounds <= 4)
        }
        #expect(claimed.map(\.sequence) == Array(1...10_000))
        // ctime is kept by no claim, so the order of writing must show in the names: equal ticks sort by number.
        let order = claimed.map { ($0.identity.modifiedNanoseconds, $0.name) }
        for (left, right) in zip(order, order.dropFirst()) {
            #expect(
                left.0 < right.0 || (left.0 == right.0 && PathBytes.naturallyPrecedes(left.1, right.1)),
                "\(left.1) before \(right.1)")
        }
    }

    @Test func theOldestAreKeptWhateverTheOrderAndWithTies() {
        let seed = UInt64.random(in: 0 ... .max)
        print("seed \(seed)")
        var generator = TestGenerator(state: seed)
        for _ in 0..<300 {
            let count = Int.random(in: 0...60, using: &generator)
            let limit = Int.random(in: 1...20, using: &generator)
            let all = (0..<count).shuffled(using: &generator).map { number in
                candidate("f-\(number)", changed: Int64.random(in: 0...4, using: &generator))
            }
            var kept = OldestCandidates(limit: limit)
            for candidate in all where !kept.leavesOut(changedNanoseconds: candidate.identity.changedNanoseconds) {
                kept.insert(candidate)
            }
            #expect(kept.inOrder == Array(all.sorted(by: SpoolCandidate.precedes).prefix(limit)))
            #expect(kept.isPartial == (count > limit))
        }
    }

    func candidate(_ name: String, changed: Int64) -> SpoolCandidate {
        var raw = stat()
        raw.st_ctim.tv_nsec = Int(changed)
        return SpoolCandidate(
            name: PathBytes(name), directory: nil, namespace: nil, format: .lines,
            identity: FileIdentity(FileStatus(raw)))
    }

    @Test func claimingInSmallGroupsScansOnce() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        for number in 0..<100 { fixture.write("{}\n", to: "incoming/\(number).ndjson") }
        fault.forgetCalls()
        var claimed: [ClaimedFile] = []
        for _ in 0..<10 {
            let look = try spool.look(now: fixture.moment(100))
            #expect(look.ready.count == 100 - claimed.count)
            claimed += try spool.claim(look.ready.prefix(10)).claimed
        }
        #expect(fault.calls.count { $0.hasPrefix("list") } == 1)
        #expect(Set(claimed.map(\.name.text)) == Set((0..<100).map { "\($0).ndjson" }))
        fixture.write("{}\n", to: "incoming/new.ndjson")
        #expect(try spool.look(now: fixture.moment(100)).ready.map(\.name) == ["new.ndjson"])
    }

    @Test func aFileThatWentWhileItWaitedItsTurnIsPassedOver() throws {
        let spool = try fixture.spool()
        for name in ["a", "b"] { fixture.write("{}\n", to: "incoming/\(name).ndjson") }
        _ = try spool.scan(now: fixture.moment(100))
        unlink(fixture.path + "/incoming/a.ndjson")
        for expected in [[], ["b.ndjson"], []] {
            let look = try spool.look(now: fixture.moment(100))
            #expect(try spool.claim(look.ready.prefix(1)).claimed.map(\.name.text) == expected)
        }
    }

    @Test func aDirectoryThatCannotBeListedHarmsOnlyItself() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        for name in ["good", "bad"] {
            mkdir(fixture.path + "/incoming/" + name, 0o755)
            fixture.write("{}\n", to: "incoming/\(name)/x.ndjson")
        }
        fault.arm(.open, containing: "incoming/bad", EACCES)
        let scan = try fixture.settled(spool)
        #expect(names(scan) == ["good/x.ndjson"])
        #expect(scan.problems.map(\.kind) == [.unlistable])
    }

    @Test func anIncomingDirectoryThatWasReplacedIsNoticed() throws {
        let spool = try fixture.spool()
        rmdir(fixture.path + "/incoming")
        #expect(throws: SpoolProblem.self) { try spool.scan() }
        mkdir(fixture.path + "/incoming", 0o755)
        let problem = #expect(throws: SpoolProblem.self) { try spool.scan() }
        #expect(problem?.kind == .moved)
    }

    @Test func aFailingDiskIsNoProblemOfAFile() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        fixture.write("{}\n", to: "incoming/x.ndjson")
        fault.arm(.stat, containing: "x.ndjson", EIO)
        #expect(throws: FileError(.stat, PathBytes(fixture.path + "/incoming/x.ndjson"), EIO)) { try spool.scan() }
    }
}
