package import UpsertCore

/// What the stages of the record path have done since the process started: where the CPU time goes.
package struct StagesReport: Sendable, Equatable, Codable {
    /// One stage.
    package struct Stage: Sendable, Equatable, Codable {
        package var records = 0
        package var bytes = 0
        /// CPU seconds of the threads that did it, the kernel's part included.
        package var cpuSeconds: Double = 0

        package init() {}

        package init(_ totals: StageTotals) {
            records = totals.records
            bytes = totals.bytes
            cpuSeconds = Double(totals.cpuNanoseconds) / 1e9
        }
    }

    /// Reading, checking and encoding; bytes as they were submitted.
    package var decode = Stage()
    /// Commits to the queue.
    package var accept = Stage()
    /// Putting batches together, reading back what is not in memory.
    package var take = Stage()
    /// Sending and receiving: the event loop's thread, with everything else that it does.
    package var send = Stage()
    /// Commits that let delivered records go.
    package var settle = Stage()

    package init() {}

    /// The stages by name, in the order of a record's path.
    var named: [(name: String, stage: Stage)] {
        [("decode", decode), ("accept", accept), ("take", take), ("send", send), ("settle", settle)]
    }
}
