import UpsertCore

/// An index as the model sees it: applies requests at once, or later although their sender has given up.
struct ModelServer {
    private(set) var records: [ModelKey: Content] = [:]
    /// Requests that will still be applied, and when (Unix milliseconds).
    private var late: [(records: [WireRecord], at: Int64)] = []

    /// Applies a request whole, unless it has a bad record: then not at all.
    mutating func apply(_ request: [WireRecord], _ reference: inout Reference) throws {
        guard !request.contains(where: \.isBad) else { return }
        for record in request {
            try reference.applied(record)
            switch record.kind {
            case .upsert: records[record.key] = record.content
            case .delete: records[record.key] = nil
            case .update: records[record.key]?.merge(record.content)
            }
        }
    }

    /// Keeps a request to be applied at `at`.
    mutating func applyLater(_ request: [WireRecord], at: Int64) { late.append((request, at)) }

    /// Applies the late requests whose time has come, in the order of their times.
    mutating func advance(to now: Int64, _ reference: inout Reference) throws {
        guard late.contains(where: { $0.at <= now }) else { return }
        let due = late.filter { $0.at <= now }.sorted { $0.at < $1.at }
        late.removeAll { $0.at <= now }
        for request in due { try apply(request.records, &reference) }
    }
}
