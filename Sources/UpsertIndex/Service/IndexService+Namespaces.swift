extension IndexService {
    func listNamespaces(_ call: ListNamespacesCall) async throws -> Answer {
        let limit = try bounded(call.limit ?? IndexLimits.listLimit, 1...IndexLimits.listLimit, "limit")
        let after = try PageToken.decode(call.token)
        let matching = await store.allNamespaces().filter { $0.shownName.utf8.starts(with: call.prefix.utf8) }
        let rest =
            call.token == nil
            ? matching[...] : matching.drop { !after.utf8.lexicographicallyPrecedes($0.shownName.utf8) }
        let page = Array(rest.prefix(limit))
        let next = rest.count > limit ? page.last.map { PageToken.encode($0.shownName) } : nil
        return Answer(reply: .namespaces(page, next: next, total: matching.count))
    }

    func createNamespace(_ call: CreateNamespaceCall) async throws -> Answer {
        let namespace = try checked(call.name)
        guard !namespace.isEmpty else { throw ServiceError.invalid("Namespace name must not be empty or __default__") }
        if let field = call.refusedField {
            throw ServiceError.invalid(
                "Field '\(field)' is set to filterable: false. Only filterable: true is supported.")
        }
        guard call.fields.count <= IndexLimits.schemaFields else {
            throw ServiceError.invalid("Schema has more than \(IndexLimits.schemaFields) fields")
        }
        return Answer(reply: .namespace(try await store.create(namespace: namespace, fields: call.fields)))
    }

    func deleteNamespace(_ name: String) async throws -> Answer {
        try await store.remove(namespace: try checked(name))
        return Answer(reply: .deleted)
    }
}
