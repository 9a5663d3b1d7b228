import Testing
import UpsertDaemon

@testable import UpsertHTTP

@Suite("Who an operator is")
struct OperatorPeerTests {
    @Test("whom a user namespace does not map is a member of nothing")
    func unmapped() {
        // nobody is in the group nogroup, but stands for everyone else under PrivateUsers=.
        let peer = PeerCredentials(pid: 1, uid: 65_534, gid: 65_534)
        #expect(!OperatorAccess.isListed(peer, in: "nogroup"))
        #expect(!OperatorAccess(adminGroup: "nogroup", serviceUser: 990).mayChange(peer))
        #expect(OperatorAccess.isListed(PeerCredentials(pid: 1, uid: 0, gid: 0), in: "root"))
    }

    @Test("a refusal says who may, who asked, and where members of the group are let in")
    func refusal() {
        let access = OperatorAccess(adminGroup: "upsertd-admin", serviceUser: 990, controlPath: "/run/c.sock")
        let told = access.refusal(PeerCredentials(pid: 1, uid: 1_000, gid: 1_000))
        #expect(
            told == "this needs root, the daemon's own user, or the group upsertd-admin; members of the group connect "
                + "to /run/c.sock; the request came from user 1000")
        #expect(access.refusal(PeerCredentials(pid: 1, uid: 65_534, gid: 0)).hasSuffix("came from another user"))
    }
}
