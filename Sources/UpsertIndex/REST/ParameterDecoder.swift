internal import UpsertHTTP

/// Decodes the REST requests that carry everything in the query.
enum ParameterDecoder {
    static func decode(_ route: RESTRoute, _ request: HTTPRequest) throws -> Call {
        let pairs = try PercentCoding.pairs(request.query)
        switch route {
        case .fetch: return .fetch(try fetch(pairs))
        case .list: return .list(try list(pairs))
        case .listNamespaces: return .listNamespaces(try listNamespaces(pairs))
        default: return .delete(try delete(pairs))
        }
    }

    private typealias Pairs = [(name: String, value: String)]

    private static func fetch(_ pairs: Pairs) throws -> FetchCall {
        var call = FetchCall()
        for (name, value) in pairs {
            switch name {
            case "ids": call.ids.append(value)
            case "namespace": call.namespace = value
            default: throw unknown(name)
            }
        }
        return call
    }

    private static func list(_ pairs: Pairs) throws -> ListCall {
        var call = ListCall()
        for (name, value) in pairs {
            switch name {
            case "prefix": call.prefix = value
            case "limit": call.limit = try integer(name, value)
            case "paginationToken", "pagination_token": call.token = value
            case "namespace": call.namespace = value
            default: throw unknown(name)
            }
        }
        return call
    }

    private static func listNamespaces(_ pairs: Pairs) throws -> ListNamespacesCall {
        var call = ListNamespacesCall()
        for (name, value) in pairs {
            switch name {
            case "prefix": call.prefix = value
            case "limit": call.limit = try integer(name, value)
            case "paginationToken", "pagination_token": call.token = value
            default: throw unknown(name)
            }
        }
        return call
    }

    private static func delete(_ pairs: Pairs) throws -> DeleteCall {
        var call = DeleteCall()
        for (name, value) in pairs {
            switch name {
            case "ids": call.ids.append(value)
            case "deleteAll", "delete_all": call.deleteAll = value == "true"
            case "namespace": call.namespace = value
            default: throw unknown(name)
            }
        }
        return call
    }

    private static func integer(_ name: String, _ value: String) throws -> Int {
        guard let number = Int(value) else { throw ServiceError.invalid("\(name) must be an integer, got '\(value)'") }
        return number
    }

    private static func unknown(_ name: String) -> ServiceError {
        ServiceError.invalid("Unknown query parameter '\(name)'")
    }
}
