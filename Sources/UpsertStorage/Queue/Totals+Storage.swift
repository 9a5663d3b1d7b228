internal import UpsertCore
internal import UpsertSQLite

extension Totals {
    /// Reads the stored counters.
    init(stored connection: Connection) throws {
        self.init()
        let query = try connection.statement(
            """
            SELECT accepted_records, accepted_bytes, delivered_records, delivered_requests, delivered_bytes,
                coalesced_records, no_effect_records, rejected_records, quarantined_records, dropped_records FROM total
            """)
        defer { query.reset() }
        guard try query.step() else {
            throw QueueDamage("it has lost its counters: table total is empty")
        }
        acceptedRecords = Int(query.integer(0))
        acceptedBytes = Int(query.integer(1))
        deliveredRecords = Int(query.integer(2))
        deliveredRequests = Int(query.integer(3))
        deliveredBytes = Int(query.integer(4))
        coalescedRecords = Int(query.integer(5))
        noEffectRecords = Int(query.integer(6))
        rejectedRecords = Int(query.integer(7))
        quarantinedRecords = Int(query.integer(8))
        droppedRecords = Int(query.integer(9))
    }

    /// Stores the counters; part of the caller's transaction.
    func store(_ connection: Connection) throws {
        let update = try connection.statement(
            """
            UPDATE total SET accepted_records = ?, accepted_bytes = ?, delivered_records = ?, delivered_requests = ?,
                delivered_bytes = ?, coalesced_records = ?, no_effect_records = ?, rejected_records = ?,
                quarantined_records = ?, dropped_records = ?
            """)
        let values = [
            acceptedRecords, acceptedBytes, deliveredRecords, deliveredRequests, deliveredBytes, coalescedRecords,
            noEffectRecords, rejectedRecords, quarantinedRecords, droppedRecords,
        ]
        for (index, value) in values.enumerated() { try update.bind(Int32(index + 1), Int64(value)) }
        try update.run()
    }
}
