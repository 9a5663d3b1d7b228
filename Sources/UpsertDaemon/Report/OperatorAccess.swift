internal import Glibc
package import UpsertHTTP

/// Who may change the daemon's state over the status socket: root, the daemon's own user, and the admin group.
///
/// Membership is what the user database says of the peer's user, and the peer's own group when it connected. The process's
/// `/proc/PID/status` is not asked: its number may have passed to another process by then, and under `ProtectProc=invisible`
/// the daemon does not see other users' processes. So a user added to the group need not log in again.
package struct OperatorAccess: Sendable {
    /// The group's name; it need not exist.
    package var adminGroup: String
    /// The daemon's own user.
    package var serviceUser: UInt32
    /// Where members of the group are let in by the socket's permissions; nil where there is no such socket.
    package var controlPath: String?
    private let isMember: @Sendable (_ peer: PeerCredentials, _ group: String) -> Bool

    /// - Parameter isMember: Whether a peer belongs to a group; the system's user database unless a test answers.
    package init(
        adminGroup: String, serviceUser: UInt32 = geteuid(), controlPath: String? = nil,
        isMember: @escaping @Sendable (_ peer: PeerCredentials, _ group: String) -> Bool = Self.isListed
    ) {
        self.adminGroup = adminGroup
        self.serviceUser = serviceUser
        self.controlPath = controlPath
        self.isMember = isMember
    }

    /// The user that the kernel shows for everyone whom a user namespace (PrivateUsers=) does not map, and `nobody`
    /// elsewhere. It stands for many, so it is a member of nothing. Source: user_namespaces(7).
    private static let unmapped: UInt32 = 65_534

    /// Whether a peer may change things; nobody known may not.
    package func mayChange(_ peer: PeerCredentials?) -> Bool {
        guard let peer else { return false }
        return peer.uid == 0 || peer.uid == serviceUser || isMember(peer, adminGroup)
    }

    /// Why a peer may not, and what it can do.
    package func refusal(_ peer: PeerCredentials?) -> String {
        let who =
            switch peer?.uid {
            case nil, Self.unmapped: "another user"
            case let user?: "user \(user)"
            }
        let way = controlPath.map { "; members of the group connect to \($0)" } ?? ""
        return "this needs root, the daemon's own user, or the group \(adminGroup)\(way); the request came from \(who)"
    }

    /// Whether the user database has the peer in a group, or it connected as that group.
    package static func isListed(_ peer: PeerCredentials, in group: String) -> Bool {
        guard peer.uid != unmapped else { return false }
        let user = UserDatabase.user(peer.uid)
        guard let group = UserDatabase.group(group, memberNamed: user?.name) else { return false }
        return group.number == peer.gid || group.number == user?.group || group.isMember
    }
}

/// Looks up users and groups where the system keeps them.
enum UserDatabase {
    /// Name and primary group of a user; nil where there is none.
    static func user(_ number: UInt32) -> (name: String, group: UInt32)? {
        unsafe withBuffer { buffer, size -> Lookup<(name: String, group: UInt32)> in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let result = unsafe getpwuid_r(number, &entry, buffer, size, &found)
            if result == ERANGE { return .tooSmall }
            guard result == 0, let found = unsafe found, let name = unsafe found.pointee.pw_name else { return .none }
            return unsafe .found((String(cString: name), found.pointee.pw_gid))
        }
    }

    /// Number of a group, and whether it lists a member of this name; nil where there is no such group.
    static func group(_ name: String, memberNamed member: String?) -> (number: UInt32, isMember: Bool)? {
        unsafe withBuffer { buffer, size -> Lookup<(number: UInt32, isMember: Bool)> in
            var entry = unsafe Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            let result = unsafe getgrnam_r(name, &entry, buffer, size, &found)
            if result == ERANGE { return .tooSmall }
            guard result == 0, let found = unsafe found else { return .none }
            var isMember = false
            var next = unsafe found.pointee.gr_mem
            while let list = unsafe next, let listed = unsafe list.pointee {
                if unsafe String(cString: listed) == member { isMember = true }
                unsafe next = list + 1
            }
            return unsafe .found((found.pointee.gr_gid, isMember))
        }
    }

    private enum Lookup<Value> {
        case found(Value)
        case none
        case tooSmall
    }

    /// Calls `body` with ever larger buffers until one is large enough; gives up beyond 1 MiB.
    private static func withBuffer<Value>(
        _ body: (UnsafeMutablePointer<CChar>, Int) -> Lookup<Value>
    ) -> Value? {
        var size = 4 << 10
        while size <= 1 << 20 {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { unsafe buffer.deallocate() }
            switch unsafe body(buffer, size) {
            case .found(let value): return value
            case .none: return nil
            case .tooSmall: size *= 4
            }
        }
        return nil
    }
}
