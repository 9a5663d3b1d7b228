internal import UpsertSQLite

/// Carries out calls: checks them against the limits, then reads or writes the store.
struct IndexService: Sendable {
    let store: RecordStore
    let rules: RecordRules

    /// - Parameter request: The request's number, for the journal.
    /// - Throws: ``ServiceError``.
    func perform(_ call: Call, request: Int) async throws -> Answer {
        do {
            return try await dispatch(call, request)
        } catch let error as SQLiteError {
            throw ServiceError(code: .internal, message: "storage: \(error)")
        }
    }

    private func dispatch(_ call: Call, _ request: Int) async throws -> Answer {
        switch call {
        case .upsert(let call): try await upsert(call, request)
        case .upsertText(let call): try await upsertText(call, request)
        case .update(let call): try await update(call, request)
        case .delete(let call): try await delete(call, request)
        case .fetch(let call): try await fetch(call)
        case .fetchByMetadata(let call): try await fetchByMetadata(call)
        case .list(let call): try await list(call)
        case .query(let call): try await query(call)
        case .stats(let hasFilter): try await stats(hasFilter: hasFilter)
        case .listNamespaces(let call): try await listNamespaces(call)
        case .createNamespace(let call): try await createNamespace(call)
        case .describeNamespace(let name):
            Answer(reply: .namespace(try await store.describe(namespace: try checked(name))))
        case .deleteNamespace(let name): try await deleteNamespace(name)
        }
    }

    /// The name as stored, if it may be one.
    func checked(_ namespace: String) throws -> String {
        try RecordRules.checkNamespace(namespace)
        return Namespace.normalized(namespace)
    }

    /// The value, if it is in its range.
    func bounded(_ value: Int, _ range: ClosedRange<Int>, _ name: String) throws -> Int {
        guard range.contains(value) else {
            throw ServiceError.invalid(
                "\(name) must be between \(range.lowerBound) and \(range.upperBound), got \(value)")
        }
        return value
    }
}
