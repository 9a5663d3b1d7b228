/// What became of one request, as far as can be known. Each wire maps its answers to this in one table.
package enum Outcome: Sendable, Equatable {
    /// The server said yes. `count` is its `upsertedCount` where it sends one.
    case acknowledged(lsn: UInt64?, count: Int?)
    /// The server said that the record or namespace does not exist; nothing to delete or update.
    case noEffect
    /// Not applied for certain: the bytes never left, or the server itself said "later".
    case retry(after: Duration?, throttled: Bool, reason: String)
    /// May or may not have been applied: timed out, or the connection was lost after our bytes may have left.
    case ambiguous(reason: String)
    /// The server says that the request is larger than it takes.
    case tooLarge(reason: String)
    /// The server refuses the content, in one of its documented error shapes.
    case refused(reason: String)
    /// Nothing for this target (or namespace) can succeed until an operator or the service changes something.
    case hold(Hold)
}

/// Why nothing is sent for now.
package struct Hold: Sendable, Equatable {
    package var kind: Kind
    /// The server's own words, or ours where it had none.
    package var reason: String

    package init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// Raw values appear in status and logs.
    package enum Kind: String, Sendable, CaseIterable {
        /// 401 or 403: wrong key.
        case unauthorized
        /// 403 with a quota text, 402, or a monthly 429: the plan's limit is reached.
        case quota
        /// 404 that is not about a namespace: no index answers at this host.
        case indexNotFound = "index_not_found"
        /// Something answered that is not Pinecone (an HTML page, an unknown error shape).
        case unexpectedAnswer = "unexpected_answer"
        /// Every record is refused with the same message.
        case refusedAll = "refused_all"
        /// A write to a namespace alias.
        case alias
        /// Records accepted in a form that the target's transport cannot carry.
        case transport
        /// An operator said so.
        case paused
        /// The configuration names another index than the one that waiting records were accepted for.
        case hostChanged = "host_changed"

        /// Whether it is about the namespace of the request and not about the whole target.
        package var isOfNamespace: Bool { self == .alias || self == .transport || self == .refusedAll }
    }
}
