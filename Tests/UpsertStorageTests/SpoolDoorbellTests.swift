import Glibc
import Testing

@testable import UpsertStorage

@Suite struct SpoolDoorbellTests {
    let fixture = SpoolFixture()

    func seen(_ events: DoorbellEvents) -> [String] { events.files.map { "\($0.change) \($0.place)" } }

    @Test func everyWayOfDroppingRings() throws {
        let spool = try fixture.spool()
        let bell = SpoolDoorbell(spool)
        #expect(bell.fallback == nil)
        #expect(bell.readEvents() == DoorbellEvents())
        fixture.write("{}\n", to: "incoming/copied.ndjson")
        fixture.write("{}\n", to: "incoming/.hidden")
        rename(fixture.path + "/incoming/.hidden", fixture.path + "/incoming/renamed.ndjson")
        fixture.write("{}\n", to: "incoming/not-yet.ndjson.tmp")
        fixture.append("{}\n", to: "incoming/copied.ndjson")
        let events = bell.readEvents()
        #expect(
            seen(events) == [
                "created copied.ndjson", "completed copied.ndjson", "completed renamed.ndjson",
                "completed copied.ndjson",
            ])
        #expect(events.callForScan)
        spool.note(events)
        let ready = try spool.scan(now: fixture.moment(0)).ready
        #expect(Set(ready.map(\.name)) == ["copied.ndjson", "renamed.ndjson"])
    }

    @Test func lookingAndClaimingRingNothing() throws {
        let spool = try fixture.spool()
        mkdir(fixture.path + "/incoming/ns", 0o755)
        fixture.write("{}\n", to: "incoming/a.ndjson")
        fixture.write("{}\n", to: "incoming/ns/a.ndjson")
        let bell = SpoolDoorbell(spool)
        #expect(bell.watch(try fixture.settled(spool).directories))
        #expect(try fixture.claimAll(spool).count == 2)
        #expect(bell.readEvents() == DoorbellEvents())
    }

    @Test func aFileBeingWrittenIsNotReadyUntilItIsClosed() throws {
        let spool = try fixture.spool()
        let bell = SpoolDoorbell(spool)
        let file = try spool.incoming.create("a.ndjson", mode: 0o644)
        try file.write(Array("{}\n".utf8), at: 0)
        spool.note(bell.readEvents())
        #expect(try fixture.settled(spool).ready.isEmpty)
        try file.write(Array("{}\n".utf8), at: 3)
        _ = consume file
        let events = bell.readEvents()
        #expect(seen(events) == ["completed a.ndjson"])
        spool.note(events)
        #expect(try spool.scan(now: fixture.moment(0)).ready.map(\.identity.size) == [6])
    }

    @Test func aFileDeliveredByLinkSettles() throws {
        let spool = try fixture.spool()
        fixture.write("{}\n", to: "made-elsewhere")
        fixture.run("touch", "-d", "1 minute ago", fixture.path + "/made-elsewhere")
        let bell = SpoolDoorbell(spool)
        link(fixture.path + "/made-elsewhere", fixture.path + "/incoming/a.ndjson")
        unlink(fixture.path + "/made-elsewhere")
        let events = bell.readEvents()
        #expect(seen(events) == ["created a.ndjson"])
        spool.note(events)
        #expect(try fixture.settled(spool).ready.count == 1)
    }

    @Test func aNameThatIsRecreatedIsNoLongerComplete() throws {
        let spool = try fixture.spool()
        let bell = SpoolDoorbell(spool)
        fixture.write("{}\n", to: "incoming/a.ndjson")
        unlink(fixture.path + "/incoming/a.ndjson")
        let file = try spool.incoming.create("a.ndjson", mode: 0o644)
        try file.write(Array("{}\n".utf8), at: 0)
        spool.note(bell.readEvents())
        #expect(try fixture.settled(spool).ready.isEmpty)
        withExtendedLifetime(file) {}
    }

    @Test func namespaceDirectoriesAreWatchedFollowedAndForgotten() throws {
        let spool = try fixture.spool()
        let bell = SpoolDoorbell(spool)
        mkdir(fixture.path + "/incoming/ns", 0o755)
        #expect(bell.readEvents().directoriesChanged)
        #expect(bell.watch(try spool.scan().directories))
        #expect(!bell.watch(try spool.scan().directories))
        fixture.write("{}\n", to: "incoming/ns/a.ndjson")
        #expect(seen(bell.readEvents()) == ["created ns/a.ndjson", "completed ns/a.ndjson"])

        rename(fixture.path + "/incoming/ns", fixture.path + "/incoming/other")
        #expect(bell.readEvents().directoriesChanged)
        #expect(bell.watch(try spool.scan().directories))
        fixture.write("{}\n", to: "incoming/other/b.ndjson")
        #expect(seen(bell.readEvents()) == ["created other/b.ndjson", "completed other/b.ndjson"])

        fixture.run("rm", "-r", fixture.path + "/incoming/other")
        #expect(bell.readEvents().directoriesChanged)
        mkdir(fixture.path + "/incoming/other", 0o755)
        _ = bell.readEvents()
        #expect(bell.watch(try spool.scan().directories))
        fixture.write("{}\n", to: "incoming/other/c.ndjson")
        #expect(seen(bell.readEvents()).last == "completed other/c.ndjson")
        #expect(bell.fallback == nil)
    }

    @Test func moreEventsThanTheKernelKeepsAreReportedAsLost() throws {
        let spool = try fixture.spool()
        let bell = SpoolDoorbell(spool)
        let file = try spool.incoming.create("a.ndjson", mode: 0o644)
        _ = consume file
        // Two alternating names, since equal events in a row are merged.
        for _ in 0..<10_000 {
            rename(fixture.path + "/incoming/a.ndjson", fixture.path + "/incoming/b.ndjson")
            rename(fixture.path + "/incoming/b.ndjson", fixture.path + "/incoming/a.ndjson")
        }
        var lost = false
        for _ in 0..<100 where !lost { lost = bell.readEvents().lostSome }
        #expect(lost)
    }

    @Test func whereNothingCanBeWatchedItSaysSoAndWorksOn() throws {
        let fault = FaultSwitch()
        let spool = try fixture.spool(faults: fault.faults)
        fault.arm(.watch, ENOSPC)
        let bell = SpoolDoorbell(spool)
        #expect(bell.fallback?.contains("fs.inotify.max_user_watches") == true)
        fixture.write("{}\n", to: "incoming/a.ndjson")
        #expect(bell.readEvents() == DoorbellEvents())
        #expect(try fixture.settled(spool).ready.count == 1)
    }

    @Test func theEndOfTheDirectoryIsNoticed() throws {
        let spool = try fixture.spool()
        let bell = SpoolDoorbell(spool)
        rename(fixture.path + "/incoming", fixture.path + "/outgoing")
        #expect(bell.readEvents().directoriesChanged)
        #expect(bell.fallback?.contains("was removed or renamed") == true)
    }

    @Test(arguments: zip([0x801, 0x2D, 0xFE00, 0x1_0303] as [UInt64], ["ext4", "nfs4", "fuse.sshfs", nil]))
    func fileSystemTypesAreReadFromTheMountTable(_ device: UInt64, _ type: String?) {
        let table = """
            22 1 8:1 / / rw,noatime shared:1 - ext4 /dev/sda1 rw
            30 22 0:45 / /mnt/with\\040space rw shared:2 master:1 - nfs4 server:/export rw
            31 22 254:0 / /x rw - fuse.sshfs host: rw
            """
        #expect(MountTable.fileSystemType(device: device, in: table) == type)
        #expect(type.map(MountTable.isShared) == type.map { $0 != "ext4" })
    }
}
