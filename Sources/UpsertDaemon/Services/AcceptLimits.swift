/// Bounds of one accept commit: large enough that an fsync is cheap per record, small enough to bound memory and delay.
enum AcceptLimits {
    /// Encoded bytes.
    static let bytesMax = 4_000_000
    /// Encoded bytes from which on the end of a chunk is a good end of the commit.
    static let bytesWanted = 1_500_000
    /// Records.
    static let recordsMax = 20_000
    /// Files whose end is reached.
    static let filesMax = 256
    /// Sequence numbers reserved at once.
    static let sequenceBlock = 1_024
}
