/// What the service takes. Source: docs.pinecone.io, "Operation limits" and "Identifier limits", API 2026-07.
///
/// Written from the documentation alone, so that the index judges the daemon by something other than its own table.
enum IndexLimits {
    static let vectorsPerUpsert = 1000
    static let textRecordsPerUpsert = 96
    /// Dense values at 4 bytes, sparse ones at 8, metadata as compact JSON: the documentation's own sizing table.
    static let upsertPayloadBytes = 2_000_000
    /// The decoder of the service takes messages up to 4 MiB.
    static let messageBytes = 4_194_304
    static let metadataBytes = 40960
    static let idBytes = 512
    static let namespaceBytes = 512
    static let dimensionMax = 20000
    static let sparseValues = 2048
    static let idsPerFetch = 1000
    static let idsPerDelete = 1000
    static let listLimit = 100
    static let prefixBytes = 512
    static let filterListValues = 10000
    static let topKMax = 10000
    static let fetchByMetadataMax = 10000
    static let fetchByMetadataDefault = 100
    static let updateByFilterRecords = 100_000
    static let schemaFields = 50
    /// A dense vector needs one value at least this large.
    static let nonZeroMin: Float = 1e-8
}
