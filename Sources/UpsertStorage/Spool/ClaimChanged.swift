/// A claimed file is not what was claimed: somebody still writes to it, or put another in its place.
package enum ClaimChanged: Error, Sendable, Equatable, CustomStringConvertible {
    /// It was cut, or overwritten with something shorter, while it was read.
    case shrank(PathBytes, from: Int, to: Int)
    /// The name in `claimed/` now belongs to another file.
    case replaced(PathBytes)

    package var description: String {
        switch self {
        case .shrank(let path, let from, let to):
            "\(path): was cut from at least \(from) to \(to) bytes while it was read"
        case .replaced(let path):
            "\(path): was replaced after it was claimed"
        }
    }
}

extension Spool {
    /// Opens a claimed file for reading, making sure that it is the one that was claimed.
    func openClaim(_ claim: ClaimedFile) throws -> OpenFile {
        let file = try claimed.open(claim.stored.stored)
        let status = try file.status()
        guard status.kind == .regular, status.device == claim.identity.device, status.inode == claim.identity.inode
        else { throw ClaimChanged.replaced(file.path) }
        return file
    }
}
