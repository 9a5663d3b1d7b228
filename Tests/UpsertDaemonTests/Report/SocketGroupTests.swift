import Glibc
import Testing
import UpsertDaemon
import UpsertTestSupport

@Suite("The socket's group")
struct SocketGroupTests {
    private let directory = TemporaryDirectory()

    @Test("a group that does not exist is told before anything is made")
    func unknown() {
        let told = #expect(throws: OperatorError.self) { try SocketGroup("no-such-group") }
        #expect(told?.message == "status.read_group: there is no group \"no-such-group\"")
    }

    @Test("the socket's group changes, its owner and mode do not")
    func taken() throws {
        let path = directory.path + "/socket"
        writeFile(path, "", permissions: 0o660)
        var before = stat()
        stat(path, &before)
        // The own group can always be given; another one only by root or a member.
        let own = try #require(getgrgid(getuid() == 0 ? 1 : getegid()))
        try SocketGroup(String(cString: own.pointee.gr_name)).take(path)
        var after = stat()
        stat(path, &after)
        #expect(after.st_gid == own.pointee.gr_gid)
        #expect(after.st_uid == before.st_uid && after.st_mode == before.st_mode)
    }

    @Test("a socket that is not there is told with its group")
    func absent() throws {
        let own = try #require(getgrgid(getegid()))
        let group = try SocketGroup(String(cString: own.pointee.gr_name))
        let told = #expect(throws: OperatorError.self) { try group.take(directory.path + "/absent") }
        #expect(told?.message.hasPrefix("status.read_group: \(directory.path)/absent cannot be given to group") == true)
    }
}
