internal import UpsertCore
internal import UpsertHTTP
internal import UpsertStorage

/// One quarantined record with its content, in the form in which it was submitted.
enum QuarantineDetail {
    /// The report's fields and `record`, which is one line of NDJSON that can be submitted again. An outbox row that is no
    /// valid record has `text` instead, as it was submitted.
    static func response(_ entry: QuarantineEntry) throws -> HTTPResponse {
        let content: (name: String, json: [UInt8])
        if let encoding = entry.encoding {
            // The record is JSON already; reading it only to write it again would change its numbers.
            let record = RecordRendering.submitted(
                entry.data[...], entry.operation, encoding, namespace: entry.namespace)
            content = ("record", Array(record.utf8))
        } else {
            content = ("text", try StatusJSON.encode(String(decoding: entry.data, as: UTF8.self)))
        }
        var body = Array(try StatusJSON.encode(QuarantineReport(entry)).dropLast())
        body += Array(",\"\(content.name)\":".utf8) + content.json + Array("}\n".utf8)
        return HTTPResponse(status: 200, headers: ["content-type": "application/json"], body: body)
    }
}
