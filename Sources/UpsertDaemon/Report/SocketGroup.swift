internal import Glibc

/// Gives the status socket to the group whose members may read from it.
package struct SocketGroup: Sendable, Equatable {
    /// The group's name.
    package let name: String
    private let number: UInt32

    /// Looks the group up; do it before the socket is made, so that a wrong name stops the start.
    ///
    /// - Throws: ``OperatorError`` where there is no such group.
    package init(_ name: String) throws(OperatorError) {
        guard let group = UserDatabase.group(name, memberNamed: nil) else {
            throw OperatorError(.invalid, "status.read_group: there is no group \(shown(name))")
        }
        self.name = name
        number = group.number
    }

    /// Makes the group that of the socket at `path`.
    ///
    /// - Throws: ``OperatorError`` where the daemon's user is not in the group, which it must be unless it is root.
    package func take(_ path: String) throws(OperatorError) {
        guard unsafe chown(path, uid_t.max, number) == 0 else {
            let number = errno
            let reason = ErrorNumber.text(number)
            // A user namespace without the group answers EINVAL, chown(2).
            let way =
                number == EINVAL
                ? "under PrivateUsers= only upsertd.socket can give it, by SocketGroup="
                : "the daemon's user must be in it"
            throw OperatorError(
                .invalid,
                "status.read_group: \(path) cannot be given to group \(shown(name)) (\(reason)); \(way)"
            )
        }
    }
}
