/// What one stage of the record path has done since the process started.
package struct StageTotals: Sendable, Equatable {
    /// Records that passed it.
    package var records = 0
    /// Their bytes, as the stage reads them.
    package var bytes = 0
    /// CPU time of the thread that did it, in nanoseconds; what the kernel does for it included.
    package var cpuNanoseconds: Int64 = 0

    package init(records: Int = 0, bytes: Int = 0, cpuNanoseconds: Int64 = 0) {
        self.records = records
        self.bytes = bytes
        self.cpuNanoseconds = cpuNanoseconds
    }

    /// Sums counter by counter.
    package static func += (left: inout StageTotals, right: StageTotals) {
        left.records += right.records
        left.bytes += right.bytes
        left.cpuNanoseconds += right.cpuNanoseconds
    }
}
