/// What the service's known error texts mean, where its codes alone do not say it.
///
/// Sources: docs.pinecone.io "Database limits" and "Errors"; answers of the real service quoted in public issues;
/// Envoy's local replies (the service stands behind Envoy); the bounds on messages of gRPC's own servers (C, Go, Java, .NET,
/// tonic).
enum ServerText {
    /// The request as a whole is too large or holds too many records. A record's metadata that is too large is not
    /// meant: splitting the request would not help there.
    static func saysTooLarge(_ message: String) -> Bool {
        let text = withoutQuotations(message).lowercased()
        return [
            "maximum supported size", "batch size exceeds", "message length too large", "message larger than max",
            "message exceeds maximum size", "message exceeds the maximum configured message size",
        ].contains { text.contains($0) }
    }

    /// A limit of the month, which waiting for minutes does not lift.
    static func saysMonthlyQuota(_ message: String) -> Bool {
        let text = message.lowercased()
        return text.contains("for the current month") || text.contains("write unit limit")
    }

    /// A limit of the plan or project (storage, namespaces), as 403 and PERMISSION_DENIED carry it.
    static func saysQuota(_ message: String) -> Bool {
        let text = message.lowercased()
        return saysMonthlyQuota(message)
            || ["quota", "reached the max", "reached your", "upgrade your plan"].contains { text.contains($0) }
    }

    /// A write to a namespace alias.
    static func saysAlias(_ message: String) -> Bool {
        let text = withoutQuotations(message)
        return ["WRITE_TO_ALIAS", "NAME_IN_USE_BY_ALIAS", "NAMESPACE_OPERATION_ON_ALIAS"].contains { text.contains($0) }
            || text.lowercased().contains("namespace alias")
    }

    /// A proxy gave up on a request that it had already passed on, so that it may have been applied.
    static func saysForwarded(_ message: String) -> Bool {
        let text = message.lowercased()
        // A retry of Envoy's own: the reason is that of the latest attempt, an earlier one may have been passed on.
        if text.contains("retried and the latest") { return true }
        if text.contains("upstream request timeout") || text.contains("stream timeout") { return true }
        guard text.contains("reset before headers") || text.contains("upstream reset") else { return false }
        // Envoy's reset reasons that mean that the upstream never had the request.
        return !["connection failure", "connection timeout", "overflow", "refused stream"].contains {
            text.contains($0)
        }
    }

    /// A 404 about the index itself rather than about a namespace or record in it.
    static func saysIndexMissing(_ message: String) -> Bool {
        let text = withoutQuotations(message).lowercased()
        return text.contains("index")
            && !["namespace", "vector", "record"].contains { text.contains($0) }
    }

    /// At most 1,000 characters, for a reason.
    static func clipped(_ text: String) -> String {
        text.count <= 1_000 ? text : String(text.prefix(1_000)) + "…"
    }

    /// The text without what stands between its first and last single quote: those parts come from the record, and a
    /// record must not be able to speak for the server.
    private static func withoutQuotations(_ text: String) -> String {
        guard let first = text.firstIndex(of: "'"), let last = text.lastIndex(of: "'"), first < last else {
            return text
        }
        return String(text[..<first]) + String(text[last...])
    }
}
