/// The limit on one record's encoded size: it must fit into a request of its own.
enum RecordSize {
    /// Refuses a record that alone is larger than a request may be; nil when it fits.
    static func refusal(_ bytes: Int, weight: Int, _ kind: OperationKind, _ encoding: Encoding) -> Rejection? {
        let limits = RequestLimits.published(encoding, kind)
        let bytesMax = limits.bytesMax - RequestLimits.envelopeBytes
        if bytes > bytesMax {
            return Rejection(.recordTooLarge, "the encoded record has \(bytes) bytes; a request takes \(bytesMax)")
        }
        if weight > limits.weightMax {
            return Rejection(
                .recordTooLarge, "values and metadata count \(weight) bytes; a request takes \(limits.weightMax)")
        }
        return nil
    }
}
