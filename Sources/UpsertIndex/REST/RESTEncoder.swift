internal import UpsertHTTP

/// Encodes replies and refusals as the REST API does.
enum RESTEncoder {
    static func response(_ answer: Answer, defaultName: String) -> HTTPResponse {
        var headers: HTTPFields = ["content-type": "application/json"]
        switch answer.lsn {
        case .request(let lsn): headers.append("x-pinecone-request-lsn", "\(lsn)")
        case .maxIndexed(let lsn): headers.append("x-pinecone-max-indexed-lsn", "\(lsn)")
        case nil: break
        }
        if case .textAccepted = answer.reply { return HTTPResponse(status: 201, headers: headers) }
        let body = JSONWriter.made { write(answer.reply, defaultName: defaultName, to: &$0) }
        return HTTPResponse(status: 200, headers: headers, body: body)
    }

    /// A refusal: `{"code","message","details"}`, or `{"status","error"}` in the records API.
    static func refusal(_ error: ServiceError, isRecordsAPI: Bool) -> HTTPResponse {
        if error.code == .unauthenticated {
            return HTTPResponse(status: 401, contentType: "text/plain", text: error.message)
        }
        let body = JSONWriter.made { writer in
            writer.object { writer in
                if isRecordsAPI {
                    writer.key("status")
                    writer.integer(error.httpStatus)
                    writer.key("error")
                    writer.object {
                        $0.key("code")
                        $0.string(error.name)
                        $0.key("message")
                        $0.string(error.message)
                    }
                } else {
                    writer.key("code")
                    writer.integer(error.code.rawValue)
                    writer.key("message")
                    writer.string(error.message)
                    writer.key("details")
                    writer.array { _ in }
                }
            }
        }
        return HTTPResponse(status: error.httpStatus, headers: ["content-type": "application/json"], body: body)
    }

    private static func write(_ reply: Reply, defaultName: String, to writer: inout JSONWriter) {
        writer.object { writer in
            switch reply {
            case .upserted(let count):
                writer.key("upsertedCount")
                writer.integer(count)
            case .updated(let matched):
                guard let matched else { return }
                writer.key("matchedRecords")
                writer.integer(matched)
            case .textAccepted, .deleted: break
            case .fetched(let records, let namespace):
                vectors(records, to: &writer)
                closing(namespace, next: nil, to: &writer)
            case .fetchedByMetadata(let records, let next, let namespace):
                vectors(records, to: &writer)
                closing(namespace, next: next, to: &writer)
            case .listed(let ids, let next, let namespace):
                list(ids, to: &writer)
                closing(namespace, next: next, to: &writer)
            case .matches(let found, let namespace):
                matches(found, to: &writer)
                closing(namespace, next: nil, to: &writer)
            case .stats(let found): stats(found, defaultName: defaultName, to: &writer)
            case .namespaces(let page, let next, let total): namespaces(page, next, total, to: &writer)
            case .namespace(let summary): NamespaceJSON.write(summary, to: &writer)
            }
        }
    }

    private static func vectors(_ records: [VectorRecord], to writer: inout JSONWriter) {
        writer.key("vectors")
        writer.object { writer in
            for record in records {
                writer.key(record.id)
                writer.object { member(record, to: &$0) }
            }
        }
    }

    private static func member(_ record: VectorRecord, to writer: inout JSONWriter) {
        writer.key("id")
        writer.string(record.id)
        writer.key("values")
        writer.array { for value in record.denseValues { $0.float(value) } }
        if let sparse = record.sparse {
            writer.key("sparseValues")
            writer.object { writer in
                writer.key("indices")
                writer.array { for index in sparse.indices { $0.integer(Int(index)) } }
                writer.key("values")
                writer.array { for value in sparse.values { $0.float(value) } }
            }
        }
        if !record.metadata.isEmpty {
            writer.key("metadata")
            writer.raw(record.metadata)
        }
    }

    private static func list(_ ids: [String], to writer: inout JSONWriter) {
        writer.key("vectors")
        writer.array { writer in
            for id in ids {
                writer.object {
                    $0.key("id")
                    $0.string(id)
                }
            }
        }
    }

    private static func matches(_ matches: [Match], to writer: inout JSONWriter) {
        writer.key("results")
        writer.array { _ in }
        writer.key("matches")
        writer.array { writer in
            for match in matches {
                writer.object { writer in
                    member(match.record, to: &writer)
                    writer.key("score")
                    writer.float(match.score)
                }
            }
        }
    }

    private static func closing(_ namespace: String, next: String?, to writer: inout JSONWriter) {
        if let next { pagination(next, to: &writer) }
        writer.key("namespace")
        writer.string(namespace)
        writer.key("usage")
        writer.object {
            $0.key("readUnits")
            $0.integer(1)
        }
    }

    private static func pagination(_ next: String, to writer: inout JSONWriter) {
        writer.key("pagination")
        writer.object {
            $0.key("next")
            $0.string(next)
        }
    }

    private static func stats(_ stats: IndexStats, defaultName: String, to writer: inout JSONWriter) {
        writer.key("namespaces")
        writer.object { writer in
            for namespace in stats.namespaces {
                writer.key(namespace.name.isEmpty ? defaultName : namespace.name)
                writer.object {
                    $0.key("vectorCount")
                    $0.integer(namespace.records)
                }
            }
        }
        if stats.dimension > 0 {
            writer.key("dimension")
            writer.integer(stats.dimension)
        }
        writer.key("indexFullness")
        writer.integer(0)
        writer.key("totalVectorCount")
        writer.integer(stats.total)
        writer.key("metric")
        writer.string(stats.metric.rawValue)
        writer.key("vectorType")
        writer.string(stats.dimension > 0 ? "dense" : "sparse")
    }

    private static func namespaces(
        _ page: [NamespaceSummary], _ next: String?, _ total: Int, to writer: inout JSONWriter
    ) {
        writer.key("namespaces")
        writer.array { writer in
            for summary in page { writer.object { NamespaceJSON.write(summary, to: &$0) } }
        }
        if let next { pagination(next, to: &writer) }
        writer.key("total_count")
        writer.integer(total)
    }
}
