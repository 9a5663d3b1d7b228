internal import UpsertCore

extension GovernorLimits {
    /// Reads `governor`: a limit that is not given keeps its preset, 0 lifts it.
    init(_ section: ConfigurationSection, preset: GovernorLimits) {
        self = preset
        let requests = ConfigurationDefaults.governorRange
        func limit(_ key: String, _ preset: Int?) -> Int? {
            guard let given = section.integer(key, in: requests) else { return preset }
            return given == 0 ? nil : given
        }
        upsertRequests = limit("upsert_requests", preset.upsertRequests)
        updateRequests = limit("update_requests", preset.updateRequests)
        deleteRequests = limit("delete_requests", preset.deleteRequests)
        deleteRecords = limit("delete_records", preset.deleteRecords)
        let bytes = section.size(
            "upsert_bytes", default: preset.upsertBytes ?? 0, in: ConfigurationDefaults.governorBytesRange)
        upsertBytes = bytes == 0 ? nil : bytes
        section.reportUnknownKeys()
    }
}
